// What a filter can answer, as the 32-bit value that it returns, and in words. See seccomp(2).
import { constants } from 'node:os'

export const KILL_PROCESS = 0x80000000
export const KILL_THREAD = 0
export const TRAP = 0x00030000
export const ERRNO = 0x00050000
export const NOTIFY = 0x7fc00000
export const TRACE = 0x7ff00000
export const LOG = 0x7ffc0000
export const ALLOW = 0x7fff0000

export const EPERM = 1
export const ENOSYS = 38
/** The kernel answers this for any larger error number. */
export const MAX_ERRNO = 4095

const names: Readonly<Record<number, string>> = {
  [KILL_PROCESS]: 'kill-process', [KILL_THREAD]: 'kill-thread', [TRAP]: 'trap', [ERRNO]: 'errno', [NOTIFY]: 'notify', [TRACE]: 'trace', [LOG]: 'log', [ALLOW]: 'allow',
}

/** The action without its data; as in the kernel, what is unknown ends the process. */
export function kindOf(value: number): number {
  const kind = (value & 0xffff0000) >>> 0
  return Object.hasOwn(names, kind) ? kind : KILL_PROCESS
}

/** The kernel's order of severity, the strictest first: the action as a signed number. */
export function rank(value: number): number {
  return kindOf(value) | 0
}

/** Whether the call is made, perhaps after a look. */
export function permits(value: number): boolean {
  return [ALLOW, LOG, TRACE].includes(kindOf(value))
}

/** `errno EPERM`, `allow`, `trap 3`. */
export function words(value: number): string {
  const kind = kindOf(value)
  const data = value & 0xffff
  if (kind === ERRNO) return `errno ${errnoName(data)}`
  return data !== 0 && (kind === TRAP || kind === TRACE) ? `${names[kind]} ${data}` : names[kind] ?? 'kill-process'
}

const same = new Map([['EWOULDBLOCK', 'EAGAIN'], ['ENOTSUP', 'EOPNOTSUPP']])

function errnoName(number: number): string {
  const known = Object.entries(constants.errno).find(([name, value]) => value === number && !same.has(name))
  return known?.[0] ?? String(number)
}

/** The number of an error by its name; undefined for one that there is not. */
export function errnoNamed(name: string): number | undefined {
  return (constants.errno as Readonly<Record<string, number>>)[name]
}
