// The compiled half, loaded at first use.
import { loadAddon } from '@srcon/kit/addon'

/** What the meaning of a profile depends on. */
export interface Context {
  /** `uname -m`. */
  readonly arch: string
  readonly caps: string[]
  readonly major: number
  readonly minor: number
  /** Compare whole registers instead of what the kernel reads of them. */
  readonly registers: boolean
  /** Wanted too: the filter that asks where this one refuses. */
  readonly asking?: boolean
}
export interface Remark {
  /** From 1; 0: the whole. */
  readonly line: number
  readonly column: number
  readonly message: string
  /** The text that the line is of, where it is one that the policy extends. */
  readonly file?: string
}
export interface Compiled {
  /** The array of `struct sock_filter`; absent if refused. */
  readonly program?: Buffer
  readonly error?: Remark
  readonly notes: readonly Remark[]
  readonly log: boolean
  readonly specAllow: boolean
  readonly waitKillable: boolean
  /** Path of the socket that its listener goes to; absent where no call is notified. */
  readonly listener?: string
  readonly listenerMetadata?: string
  /** The same policy as a filter that asks where this one refuses. */
  readonly asking?: Buffer
  /** The ways into the kernel that it opens, as OCI names them. */
  readonly architectures: readonly string[]
}
export interface Plain {
  readonly text?: string
  readonly error?: Remark
}
export interface Status {
  /** 0 none, 1 strict, 2 filter. */
  readonly mode: number
  /** Absent before Linux 5.9. */
  readonly filters?: number
  readonly noNewPrivs: boolean
}

/** A system call as one way into the kernel has it. */
export interface KnownCall {
  readonly name: string
  /** With bit 30 set for x32. */
  readonly number: number
  /** Bits of each of its six arguments that the kernel reads. */
  readonly widths: readonly number[]
  /** Names of the argument in each register. */
  readonly registers: readonly (readonly string[])[]
}

/** A policy in any form, or a program. */
export interface Asked {
  /** Of a file its name, else a preset's: it tells the form and what a relative `extends` means. */
  readonly name: string
  /** A policy in any form, or a program if the name ends in .bpf; without it the preset of that name. */
  readonly bytes?: Buffer
  readonly context: Context
}
/** JSON text; its shapes are in analysis.ts. */
export interface Reply {
  readonly json?: string
  readonly error?: Remark
}
/** The filters of a live thread, the one that was loaded first before the others; or what the kernel refused. */
export interface Attached {
  readonly programs?: readonly Buffer[]
  readonly syscall?: string
  readonly errno?: number
}

/** A session that answers a filter's questions. */
export interface Listening {
  /** The socket that the launcher is to get. */
  readonly descriptor: number
  /** Ends it now: what is still under the filter gets ENOSYS from then on. */
  stop(): void
  /** Resolves when nobody is left under the filter; our copy of the socket is closed at once. */
  ended(): Promise<Served>
}
export interface Served {
  /** A filter was loaded. */
  readonly served: boolean
  readonly errno?: number
  /** JSON. */
  readonly recording?: string
}

/** A call on one architecture. */
export interface TableRow {
  readonly name: string
  /** Absent where the architecture has not got it. */
  readonly number?: number
  /** `bits`: how many the kernel reads; `register` is absent where no filter sees the argument whole. */
  readonly arguments: readonly { readonly names: readonly string[]; readonly bits: number; readonly register?: number }[]
  /** First kernel, `5.3`; empty if unknown. */
  readonly since: string
  readonly group: string
}

interface Addon {
  /** The filter that asks for every call. */
  programThatAsks(): Buffer
  record(clone3: boolean): Listening
  /** Throws where the policy is refused. */
  reportRefusals(text: Buffer | undefined, name: string, context: Context, report: (json: string) => void): Listening
  attachedFilters(tid: number): Attached
  diff(a: Asked, b: Asked, way?: string): Reply
  explainCall(asked: Asked, way: string, call: string, args: string[]): Reply
  lint(asked: Asked): Reply
  listing(asked: Asked): Reply
  minimise(asked: Asked, oci: boolean): Reply
  terse(asked: Asked): Reply
  /** By OCI's name of the architecture. */
  callsOf(architecture: string): readonly KnownCall[]
  constantOf(name: string, architecture: string): number | null
  /** A value of an argument (its register) by the names of constants; null where nothing of it has a name. */
  valueInConstants(arch: string, call: string, register: number, value: bigint): string | null
  groupOf(name: string): readonly string[] | null
  /** Without a text: the preset of that name. */
  compile(text: Buffer | undefined, name: string, context: Context): Compiled
  plain(text: Buffer | undefined, name: string, context: Context): Plain
  canonical(text: string): Plain
  tableOf(arch: string): readonly TableRow[] | null
  presetText(name: string): string | null
  statusOf(pid: number): Status | null
}

let loaded: Addon | undefined

export function addon(): Addon {
  return (loaded ??= loadAddon<Addon>('seccomp-filter', import.meta.url))
}
