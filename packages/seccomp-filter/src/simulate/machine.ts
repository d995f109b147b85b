// A machine for classic BPF as seccomp takes it: an accumulator, an index register, sixteen words of memory, all
// 32 bits wide. Every instruction that the kernel lets into a filter, not only those that our compiler emits.
// See seccomp(2) and the kernel's Documentation/networking/filter.rst.
import { SIZE } from './data.ts'

/** `struct sock_filter`. */
export interface Instruction {
  readonly code: number
  readonly jt: number
  readonly jf: number
  readonly k: number
}

/** One executed instruction, and the registers after it. */
export interface Executed {
  readonly at: number
  readonly a: number
  readonly x: number
}
export interface Outcome {
  /** What the filter returned. */
  readonly value: number
  /** Index of the instruction that ended it. */
  readonly at: number
  readonly executed: number
}

/** Operations by their lowest three bits, and the parts of the rest. */
const LD = 0, LDX = 1, ST = 2, STX = 3, ALU = 4, JMP = 5, RET = 6
const IMM = 0x00, ABS = 0x20, MEM = 0x60, LEN = 0x80
const X = 0x08
const RET_A = 0x10
const TXA = 0x80
const JA = 0x00

/** Runs a program that `refusal` has found right. `words` is seccomp_data. */
export function execute(program: readonly Instruction[], words: Uint32Array, trace?: (step: Executed) => void): Outcome {
  const memory = new Uint32Array(16)
  let [a, x, executed] = [0, 0, 0]
  for (let at = 0; ; at++) {
    const insn = program[at]
    if (!insn) throw new RangeError(`the program runs past its end at ${at}`)
    const { code, k } = insn
    const start = at
    executed++
    switch (code & 7) {
      case LD: a = load(code, k, words, memory); break
      case LDX: x = load(code, k, words, memory); break
      case ST: memory[k] = a; break
      case STX: memory[k] = x; break
      case ALU: {
        const operand = code & X ? x : k
        // As the kernel: a division by an index of zero ends the filter with 0.
        if ((code & 0xf0) === 0x30 && operand === 0) return { value: 0, at, executed }
        a = calculate(code & 0xf0, a, operand)
        break
      }
      case JMP:
        if ((code & 0xf0) === JA) at += k
        else at += compare(code & 0xf0, a, code & X ? x : k) ? insn.jt : insn.jf
        break
      case RET: {
        trace?.({ at: start, a, x })
        return { value: (code & 0x18) === RET_A ? a : k, at, executed }
      }
      default:
        if (code & TXA) a = x
        else x = a
    }
    trace?.({ at: start, a, x })
  }
}

function load(code: number, k: number, words: Uint32Array, memory: Uint32Array): number {
  switch (code & 0xe0) {
    case IMM: return k
    case ABS: return words[k / 4] ?? 0
    case MEM: return memory[k] ?? 0
    case LEN: return SIZE
    default: throw new RangeError(`no load with the code 0x${code.toString(16)}`)
  }
}

/** Modulo 2^32, as the kernel; of a shift only five bits of the distance count. */
function calculate(operation: number, a: number, operand: number): number {
  switch (operation) {
    case 0x00: return (a + operand) >>> 0
    case 0x10: return (a - operand) >>> 0
    case 0x20: return Math.imul(a, operand) >>> 0
    case 0x30: return Math.floor(a / operand)
    case 0x40: return (a | operand) >>> 0
    case 0x50: return (a & operand) >>> 0
    case 0x60: return (a << (operand & 31)) >>> 0
    case 0x70: return a >>> (operand & 31)
    case 0x80: return -a >>> 0
    case 0xa0: return (a ^ operand) >>> 0
    default: throw new RangeError(`no arithmetic with the code 0x${operation.toString(16)}`)
  }
}

/** Without sign. */
function compare(operation: number, a: number, operand: number): boolean {
  switch (operation) {
    case 0x10: return a === operand
    case 0x20: return a > operand
    case 0x30: return a >= operand
    case 0x40: return (a & operand) !== 0
    default: throw new RangeError(`no jump with the code 0x${operation.toString(16)}`)
  }
}
