// Runs a program that makes a Debian: as root in mount and process namespaces of its own, so that with it all its mounts and children
// are gone, however it ends; its chatter is read line by line and never reaches stdout. Without root, mmdebstrap makes such
// namespaces itself, and cleans up when it is told to end.
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { ToolError } from '@srcon/kit/error'
import { escapeControl } from '../../escape.ts'
import { tool } from '../../native.ts'

export interface ToolRun {
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Descriptor that becomes its stdout; absent: that is chatter too. */
  readonly stdout?: number | undefined
  /** A line of what it says. */
  readonly onLine?: ((line: string) => void) | undefined
  /** A line of its records, descriptor 3. */
  readonly onRecord?: ((line: string) => void) | undefined
  /** A reason that it gave in its records, which says more than its last lines. */
  readonly reason?: (() => string | undefined) | undefined
  readonly isRoot: boolean
  /** What fails, in an error: `cannot make debian:trixie`. */
  readonly what: string
  readonly signal?: AbortSignal | undefined
}

/** What no package needs to be unpacked and set up, and what would reach the kernel, the network or the clock of this host. It is no wall:
 *  who may mount and make devices can get out. */
const unneeded = ['AUDIT_CONTROL', 'BPF', 'LINUX_IMMUTABLE', 'MAC_ADMIN', 'MAC_OVERRIDE', 'NET_ADMIN', 'NET_RAW', 'PERFMON', 'SYSLOG', 'SYS_BOOT', 'SYS_MODULE', 'SYS_PTRACE', 'SYS_RAWIO', 'SYS_RESOURCE', 'SYS_TIME', 'WAKE_ALARM'].map(name => `CAP_${name}`)

/** From being asked to end to being killed, milliseconds: it removes a whole tree meanwhile. */
const GRACE = 20_000
/** Lines of what it says in an error. */
const [ERRORS, TAIL] = [3, 5]

/** Resolves when it has ended well and nothing of it runs any more. Throws a ToolError `E_BOOTSTRAP`, or the signal's reason. */
export async function runTool({ argv, env, stdout, onLine, onRecord, reason, isRoot, what, signal }: ToolRun): Promise<void> {
  const { launch, plan } = await import('@srcon/kit')
  // As root pid 1 of the new namespace is a small init: when the program ends, all else in it is killed.
  const apart = [{ do: 'ns.new', types: ['mnt'], propagation: 'private' }, { do: 'ns.pid', init: true }, { do: 'ns.proc' }, { do: 'caps.bounding', drop: unneeded }]
  const stop = { do: 'caps.pdeathsig', signal: 15 }
  const contained = launch(plan([...argv], isRoot ? apart : [stop]), {
    env, cwd: '/', stdio: ['ignore', stdout ?? 'pipe', 'pipe', ...(onRecord ? ['pipe' as const] : [])], signal, graceMs: GRACE,
  })
  // Its first errors say why, its last words where; what is between is noise, as are its own notes.
  const [errors, tail]: [string[], string[]] = [[], []]
  const listen = (line: string): void => {
    onLine?.(line)
    if (errors.length < ERRORS && /^(?:E: |dpkg: error)/.test(line)) errors.push(line)
    else if (!/^(?:I: |\s*$)/.test(line) && tail.push(line) > TAIL) tail.shift()
  }
  const read = Promise.all([readLines(contained.stdout, listen), readLines(contained.stderr, listen), readLines(contained.stdio[3] ?? null, line => onRecord?.(line))])
  const verdict = await contained.verdict
  await read
  signal?.throwIfAborted()
  if (verdict.ok) return
  if (verdict.error) throw verdict.error
  const name = argv[0].slice(argv[0].lastIndexOf('/') + 1)
  const how = verdict.signal === null ? `ended with ${verdict.code}` : `was ended by ${verdict.signal}`
  const said = [...(reason?.()?.split('\n') ?? []), ...errors, ...tail].map(line => escapeControl(line).slice(0, 300))
  throw new ToolError(tool, `${what}: ${name} ${how}`, { code: 'E_BOOTSTRAP', why: said.length === 0 ? 'it said nothing' : said.join('\n       '), hint: 'what it says last is above; try another --mirror, --variant or --bootstrap' })
}

async function readLines(stream: Readable | null, on: (line: string) => void): Promise<void> {
  if (!stream) return
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) on(line)
  } catch {
    // It was destroyed with the program.
  }
}

/** The environment of it: what a proxy needs, and nothing else of ours. */
export function environment(room: string, epoch: number | undefined): Record<string, string | undefined> {
  const { http_proxy, https_proxy, no_proxy, ftp_proxy } = process.env
  return {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: room, TMPDIR: room, LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive', http_proxy, https_proxy, no_proxy, ftp_proxy,
    ...(epoch === undefined ? {} : { SOURCE_DATE_EPOCH: String(epoch) }),
  }
}
