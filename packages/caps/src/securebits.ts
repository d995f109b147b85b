// Securebits by name, each with a lock: what uid 0, a change of ids and exec mean for capabilities. A
// change is relative, so bits that a newer kernel has and we have no name for stay as they are.
// See capabilities(7) "The securebits flags", linux/securebits.h.
import { ToolError, usage } from '@srcon/kit/error'
import type { Step } from '@srcon/kit/step'
import { nearest } from '@srcon/kit/suggest'
import { SETPCAP } from './names.ts'
import type { State } from './state.ts'

const PLAIN = ['noroot', 'no_setuid_fixup', 'keep_caps', 'no_cap_ambient_raise', 'exec_restrict_file', 'exec_deny_interactive']
/** In the kernel's order: bit N is the Nth. */
export const SECUREBITS: readonly string[] = PLAIN.flatMap(name => [name, `${name}_locked`])
export const SECBIT = { NOROOT: 1, NO_SETUID_FIXUP: 4, KEEP_CAPS: 16, KEEP_CAPS_LOCKED: 32, NO_CAP_AMBIENT_RAISE: 64 } as const
/** Every second bit is a lock; also those of newer kernels. */
const LOCKS = 0xaaaa_aaaa
/** exec_restrict_file and exec_deny_interactive with their locks may be changed by anybody (Linux 6.14). */
const FREE = 0xf00

export interface SecurebitsChange {
  readonly set: readonly string[]
  readonly clear: readonly string[]
}

/** Reads `noroot,+noroot-locked,-keep-caps`; with - or _ in the names. Throws a ToolError `E_USAGE`. Pure. */
export function readSecurebits(text: string, before: SecurebitsChange = { set: [], clear: [] }): SecurebitsChange {
  const set = new Set(before.set)
  const clear = new Set(before.clear)
  for (const word of text.split(',')) {
    const name = word.replace(/^[+-]/, '').toLowerCase().replaceAll('-', '_')
    if (!SECUREBITS.includes(name)) throw usage('caps', `--securebits: unknown securebit '${word.slice(0, 40)}'`, near(name))
    const [into, other] = word.startsWith('-') ? [clear, set] : [set, clear]
    if (other.has(name)) throw usage('caps', `--securebits: ${name} is to be set and to be cleared`)
    into.add(name)
  }
  return { set: [...set], clear: [...clear] }
}

function near(name: string): string {
  const close = name.length > 40 ? undefined : nearest(name, SECUREBITS)
  return close === undefined ? `one of ${PLAIN.join(', ')}, each also with _locked` : `did you mean ${close}?`
}

/** The bits of these names. */
export function securebitsOf(names: readonly string[]): number {
  let bits = 0
  for (const name of names) {
    const at = SECUREBITS.indexOf(name)
    if (at < 0) throw new RangeError(`unknown securebit '${name}'`)
    bits |= 1 << at
  }
  return bits
}

/** Names, lowest bit first; a bit without a name by its number: `bit_12`. Pure. */
export function securebitNames(bits: number): string[] {
  return Array.from({ length: 32 }, (_, at) => at).filter(at => (bits >>> at) & 1).map(at => SECUREBITS[at] ?? `bit_${at}`)
}

/** The bits after a change. Pure. */
export function withSecurebits(bits: number, { set, clear }: SecurebitsChange): number {
  return ((bits & ~securebitsOf(clear)) | securebitsOf(set)) >>> 0
}

/** The step; undefined where all is as asked already. Throws a ToolError `E_REFUSED` for what the kernel would not do. Pure. */
export function securebitsStep(change: SecurebitsChange | undefined, { securebits: now, effective }: State): Step | undefined {
  if (change === undefined) return undefined
  const step = { do: 'caps.securebits', ...(change.set.length > 0 ? { set: change.set } : {}), ...(change.clear.length > 0 ? { clear: change.clear } : {}) }
  // What a filter hides is left to the kernel.
  if (now === undefined) return step
  const wanted = withSecurebits(now, change)
  const differ = now ^ wanted
  if (differ === 0) return undefined
  const unlocked = securebitNames(now & LOCKS & ~wanted)
  if (unlocked.length > 0) throw refusal(`cannot take ${unlocked.join(', ')} back`, 'a lock stays until the process ends, also through exec', 'put ns-unshare --user before it: a user namespace begins with no securebit set')
  const locked = securebitNames(differ & ((now & LOCKS) >>> 1))
  if (locked.length > 0) throw refusal(`cannot change ${locked.join(', ')}`, `${locked.map(name => `${name}_locked`).join(', ')} is set, and a lock stays until the process ends`, 'put ns-unshare --user before it: a user namespace begins with no securebit set')
  if ((differ & ~FREE) !== 0 && (effective & SETPCAP) === 0n) {
    throw refusal('cannot change the securebits', 'that needs CAP_SETPCAP, which this process does not have', 'run as root, or put ns-unshare --user before it')
  }
  return step
}

function refusal(message: string, why: string, hint: string): ToolError {
  return new ToolError('caps', message, { code: 'E_REFUSED', why, hint })
}
