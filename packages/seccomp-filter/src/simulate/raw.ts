// Raw filters: an array of `struct sock_filter` in its machine's byte order, and whether the kernel would take it
// (its bpf_check_classic, and what seccomp allows beyond that). See seccomp(2), EINVAL.
import { SIZE } from './data.ts'
import type { Instruction } from './machine.ts'

/** Most instructions of one filter, `BPF_MAXINSNS`. */
export const MAX_INSTRUCTIONS = 4096
const WORDS = 16

/** Reads a program. Throws a RangeError for bytes that are none. */
export function decode(bytes: Uint8Array, bigEndian = false): readonly Instruction[] {
  if (bytes.length === 0 || bytes.length % 8 !== 0) throw new RangeError(`${bytes.length} bytes are no whole number of instructions of 8 bytes`)
  if (bytes.length / 8 > MAX_INSTRUCTIONS) throw new RangeError(`${bytes.length / 8} instructions, the kernel takes ${MAX_INSTRUCTIONS}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const at = (offset: number): Instruction => ({ code: view.getUint16(offset, !bigEndian), jt: bytes[offset + 2] ?? 0, jf: bytes[offset + 3] ?? 0, k: view.getUint32(offset + 4, !bigEndian) })
  return Array.from({ length: bytes.length / 8 }, (_, i) => at(8 * i))
}

const arithmetic = [0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0]
const codes = new Set([
  0x20, 0x80, 0x00, 0x60, // A: of the data, its size, a constant, memory
  0x81, 0x01, 0x61, // X: the same without the data
  0x02, 0x03, // memory
  0x06, 0x16, // RET
  0x07, 0x87, // TAX, TXA
  0x05, ...[0x10, 0x20, 0x30, 0x40].flatMap(op => [op | 5, op | 0xd]),
  0x84, ...arithmetic.flatMap(op => [op | 4, op | 0xc]),
])

/** Why the kernel refuses a program, with the place; undefined: it takes it. */
export function refusal(program: readonly Instruction[]): string | undefined {
  if (program.length === 0 || program.length > MAX_INSTRUCTIONS) return `${program.length} instructions: there must be 1 to ${MAX_INSTRUCTIONS}`
  // Which words of memory have been written on every way to an instruction, as bits; all ones where no way was seen yet.
  const written = new Uint16Array(program.length + 1).fill(0xffff)
  written[0] = 0
  for (const [i, insn] of program.entries()) {
    const found = refuse(insn, i, program.length) ?? refuseMemory(insn, i, written)
    if (found !== undefined) return `instruction ${i}: ${found}`
  }
  const last = program.at(-1)?.code
  return last === 0x06 || last === 0x16 ? undefined : 'the last instruction is no RET'
}

function refuse({ code, jt, jf, k }: Instruction, i: number, length: number): string | undefined {
  if (!codes.has(code)) return `a filter may not use the operation 0x${code.toString(16)}`
  const left = length - i - 1
  if (code === 0x20 && (k % 4 !== 0 || k >= SIZE)) return `there is no word at byte ${k} of seccomp_data`
  if (code === 0x34 && k === 0) return 'a division by zero'
  if ((code === 0x64 || code === 0x74) && k >= 32) return `a shift by ${k} bits`
  if (isMemory(code) && k >= WORDS) return `there is no memory word ${k}`
  if (code === 0x05 && k >= left) return 'a jump past the end'
  return isBranch(code) && Math.max(jt, jf) >= left ? 'a jump past the end' : undefined
}

const isMemory = (code: number): boolean => [0x60, 0x61, 0x02, 0x03].includes(code)
const isBranch = (code: number): boolean => (code & 7) === 5 && code !== 0x05

/** A word must be written before it is read; jumps go forward only, so that one pass sees all ways. */
function refuseMemory({ code, jt, jf, k }: Instruction, i: number, written: Uint16Array): string | undefined {
  const here = written[i] ?? 0
  if ((code === 0x60 || code === 0x61) && !(here & 1 << k)) return `memory word ${k} is read before it is written`
  const after = code === 0x02 || code === 0x03 ? here | 1 << k : here
  const meet = (at: number): void => { written[at] = (written[at] ?? 0) & after }
  if (isBranch(code)) [jt, jf].forEach(skip => meet(i + 1 + skip))
  else if (code === 0x05) meet(i + 1 + k)
  else meet(i + 1)
  return undefined
}
