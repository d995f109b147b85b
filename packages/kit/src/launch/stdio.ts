// The descriptors of a command as `child_process` names them, with real pipes in place of its socket
// pairs: on those `echo > /dev/stdout` is ENXIO. Our ends become streams.
import { Socket } from 'node:net'
import { ToolError } from '../error.ts'

/** Anything that stands on a descriptor: a file's stream, a socket, a server's connection. */
export interface WithDescriptor {
  readonly fd?: unknown
  readonly _handle?: { readonly fd?: unknown } | null
}

/** `pipe`: the command reads 0 and writes all others; `input`: a pipe that it reads, at any number; `ignore`: the null
 *  device at 0 to 2, closed from 3 on; a number or a stream: that descriptor of ours; nothing: `pipe` at 0 to 2. */
export type StdioItem = 'pipe' | 'input' | 'inherit' | 'ignore' | number | WithDescriptor | null | undefined
export type StdioOption = 'pipe' | 'inherit' | 'ignore' | readonly StdioItem[]

/** The codes of the addon; others are our descriptors. */
const IGNORE = -1
const PIPE_IN = -2
const PIPE_OUT = -3

/** For each descriptor of the command, from 0 on, what the addon is to do. */
export function stdioCodes(option: StdioOption): number[] {
  const items: readonly StdioItem[] = typeof option === 'string' ? [option, option, option] : option
  return Array.from({ length: Math.max(3, items.length) }, (_, at) => code(items[at], at))
}

function code(item: StdioItem, at: number): number {
  const what = item ?? (at <= 2 ? 'pipe' : 'ignore')
  if (what === 'pipe') return at === 0 ? PIPE_IN : PIPE_OUT
  if (what === 'input') return PIPE_IN
  if (what === 'ignore') return IGNORE
  if (what === 'inherit') return at
  const fd = typeof what === 'number' ? what : (what.fd ?? what._handle?.fd)
  if (typeof fd === 'number' && Number.isInteger(fd) && fd >= 0) return fd
  throw new ToolError('srcon', `stdio[${at}] is no descriptor`, { code: 'E_INPUT', why: 'a stream has one only once it is open', hint: "wait for its 'open' event" })
}

/** Our ends as streams; null where the command has no pipe. */
export function streams(ends: readonly number[], codes: readonly number[]): (Socket | null)[] {
  return ends.map((fd, at) => (fd < 0 ? null : new Socket({ fd, readable: codes[at] === PIPE_OUT, writable: codes[at] === PIPE_IN })))
}
