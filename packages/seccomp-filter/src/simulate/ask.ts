// What simulate is asked: a way in, and calls as words, `socket 40 1` or `41 0x28`, from the command line or one a line.
import { readFileSync } from 'node:fs'
import { ToolError, usage } from '@srcon/kit/error'
import { nearest } from '@srcon/kit/suggest'
import { callsOf } from './calls.ts'
import { ARGS, type Call } from './data.ts'
import { nativeOf, wayNamed, ways, type Way } from './ways.ts'

const TOOL = 'seccomp-filter'
/** Longest list of calls and longest filter, bytes. */
const MAX_LIST = 64 << 20
const ALL = (1n << 64n) - 1n

/** The way in that `--arch` names, else this machine's own. */
export function wayOf(word: string | true | undefined, machine: string): Way {
  const way = typeof word === 'string' ? wayNamed(word) : nativeOf(machine)
  if (way) return way
  const names = ways.map(({ name }) => name)
  const near = typeof word === 'string' ? nearest(word, names) : undefined
  throw usage(TOOL, `--arch: there is no '${String(word ?? machine)}'`, near ? `did you mean ${near}?` : `one of ${names.join(', ')}`)
}

/** One call: a name or a number, then up to six registers. Throws a ToolError `E_USAGE`. */
export function readCall([word = '', ...args]: readonly string[], way: Way): Call {
  if (args.length > ARGS) throw usage(TOOL, `${word}: a call has at most ${ARGS} arguments`)
  const number = /^\d/.test(word) ? Number(whole(word, (1n << 32n) - 1n)) : numberOf(word, way)
  const registers = args.map(arg => whole(arg, ALL))
  return { way, number, args: Array.from({ length: ARGS }, (_, i) => registers[i] ?? 0n) }
}

/** One call a line; empty lines and what follows # do not count. `-` is stdin. */
export function readCalls(path: string, way: Way): readonly Call[] {
  const lines = readBytes(path === '-' ? 0 : path).toString('utf8').split('\n')
  const asked = lines.map(line => line.replace(/#.*/, '').trim().split(/\s+/))
  return asked.flatMap((words, i) => {
    if (words[0] === '') return []
    try {
      return [readCall(words, way)]
    } catch (error) {
      throw error instanceof ToolError ? usage(TOOL, `${path}:${i + 1}: ${error.message}`, error.hint) : error
    }
  })
}

/** A file's bytes. Throws a ToolError. */
export function readBytes(path: string | 0): Buffer {
  try {
    const bytes = readFileSync(path)
    if (bytes.length <= MAX_LIST) return bytes
  } catch (cause) {
    const { code = 'E_INPUT', syscall } = cause as NodeJS.ErrnoException
    throw new ToolError(TOOL, `cannot read ${path || 'stdin'}: ${code} (${syscall})`, { code, syscall, path: String(path), cause })
  }
  throw new ToolError(TOOL, `${path || 'stdin'} is larger than ${MAX_LIST} bytes`, { code: 'E_INPUT' })
}

function numberOf(name: string, way: Way): number {
  const calls = callsOf(way)
  const known = calls.find(call => call.name === name)
  if (known) return known.number
  const near = nearest(name, calls.map(call => call.name))
  throw usage(TOOL, `there is no call '${name}' by ${way.name}`, near ? `did you mean ${near}?` : 'a number is taken too')
}

/** A register's content: decimal, 0x…, 0o…, or negative. */
function whole(word: string, most: bigint): bigint {
  const [, sign = '', digits = ''] = /^(-?)(0x[\da-f]+|0o[0-7]+|\d+)$/i.exec(word) ?? []
  const value = digits === '' || digits.length > 24 ? undefined : BigInt(digits)
  if (value === undefined || value > (sign ? most / 2n + 1n : most)) throw usage(TOOL, `'${word}' is not a whole number of ${most === ALL ? 64 : 32} bits`, 'decimal or 0x…')
  return sign ? -value & most : value
}
