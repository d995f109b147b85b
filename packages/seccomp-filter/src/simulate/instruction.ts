// An instruction in words, for the trace: what it does to A, X and memory, and where it goes.
import type { Instruction } from './machine.ts'
import { words } from './action.ts'

const fields = ['nr', 'arch', 'ip', 'ip+4', ...Array.from({ length: 6 }, (_, i) => [`args[${i}]`, `args[${i}]+4`]).flat()]
const arithmetic: Readonly<Record<number, string>> = { 0x00: '+', 0x10: '-', 0x20: '*', 0x30: '/', 0x40: '|', 0x50: '&', 0x60: '<<', 0x70: '>>', 0xa0: '^' }
const comparisons: Readonly<Record<number, string>> = { 0x10: '==', 0x20: '>', 0x30: '>=', 0x40: '&' }

const hex = (value: number): string => (value < 10 ? String(value) : `0x${value.toString(16)}`)

/** One line; `at` is the place of the instruction. */
export function inWords({ code, jt, jf, k }: Instruction, at: number): string {
  const operand = code & 8 ? 'x' : hex(k)
  switch (code & 7) {
    case 0: case 1: return `${code & 1 ? 'x' : 'a'} = ${source(code & 0xe0, k)}`
    case 2: return `m[${k}] = a`
    case 3: return `m[${k}] = x`
    case 4: return (code & 0xf0) === 0x80 ? 'a = -a' : `a ${arithmetic[code & 0xf0]}= ${operand}`
    case 5: return (code & 0xf0) === 0 ? `goto ${at + 1 + k}` : `if a ${comparisons[code & 0xf0]} ${operand} goto ${at + 1 + jt} else ${at + 1 + jf}`
    case 6: return code & 0x10 ? 'return a' : `return ${words(k)}`
    default: return code & 0x80 ? 'a = x' : 'x = a'
  }
}

function source(mode: number, k: number): string {
  if (mode === 0x20) return fields[k / 4] ?? `data[${k}]`
  if (mode === 0x60) return `m[${k}]`
  return mode === 0x80 ? '64' : hex(k)
}
