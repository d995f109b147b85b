// What the kernel hands to a filter, `struct seccomp_data`, as sixteen 32-bit words: number, architecture, the
// instruction pointer, six arguments. A 64-bit field lies in memory as the machine stores it. See seccomp(2).
import type { Way } from './ways.ts'

/** Bytes of the structure. */
export const SIZE = 64
export const ARGS = 6

/** A call as it comes in by one way. */
export interface Call {
  readonly way: Way
  /** As in the register: 0 to 2^32-1. */
  readonly number: number
  /** Registers, each 0 to 2^64-1; six of them. */
  readonly args: readonly bigint[]
}

/** The words at byte offsets 0, 4, … 60. */
export function wordsOf({ way, number, args }: Call, pointer = 0n): Uint32Array {
  const words = new Uint32Array(SIZE / 4)
  words[0] = number
  words[1] = way.audit
  ;[pointer, ...args].forEach((value, i) => {
    const [low, high] = [Number(value & 0xffffffffn), Number(value >> 32n)]
    words[2 + 2 * i] = way.bigEndian ? high : low
    words[3 + 2 * i] = way.bigEndian ? low : high
  })
  return words
}
