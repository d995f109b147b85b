// The machine against the kernel's own: random programs of all instructions that a filter may have, whose result the kernel
// returns as an error number; and random damage to them, which the kernel refuses where we say so.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { wordsOf } from '../src/simulate/data.ts'
import { execute, type Instruction } from '../src/simulate/machine.ts'
import { inWords } from '../src/simulate/instruction.ts'
import { decode, refusal } from '../src/simulate/raw.ts'
import { hostArch } from '@srcon/kit/host'
import { nativeOf } from '../src/simulate/ways.ts'
import { Random } from './oracle/random.ts'

const ERRNO = 0x50000
/** No call has this number; only its verdict matters. */
const NUMBER = 999
const insn = (code: number, k = 0, jt = 0, jf = 0): Instruction => ({ code, jt, jf, k })
const arithmetic = [0x04, 0x14, 0x24, 0x34, 0x44, 0x54, 0x64, 0x74, 0xa4]
const jumps = [0x15, 0x25, 0x35, 0x45, 0x1d, 0x2d, 0x3d, 0x4d]
const constants = [0, 1, 2, 3, 0x1f, 0x20, 0xfff, 0x7fffffff, 0x80000000, 0xffffffff]

/** One instruction, such that the kernel takes the program if `left` more follow. */
function any(random: Random, left: number): Instruction {
  const k = random.chance(2) ? random.pick(constants) : random.word()
  const distance = (): number => random.below(Math.min(left, 12))
  switch (random.below(10)) {
    case 0: case 1: return insn(0x20, 4 * random.below(16))
    case 2: return insn(random.pick([0x00, 0x01, 0x80, 0x81]), k)
    case 3: return insn(random.pick([0x02, 0x03]), random.below(16))
    case 4: return insn(random.pick([0x60, 0x61]), random.below(16))
    case 5: return insn(random.pick([0x07, 0x87, 0x84]))
    case 6: return insn(0x05, distance())
    case 7: case 8: {
      const code = random.pick(arithmetic)
      if (random.chance(2)) return insn(code | 8)
      return insn(code, code === 0x64 || code === 0x74 ? random.below(32) : k || 1)
    }
    default: return insn(random.pick(jumps), k, distance(), distance())
  }
}

/** Other calls pass, so that the child can tell; memory is written first; what comes out is folded into an error number. */
function program(random: Random): readonly Instruction[] {
  const length = 4 + random.below(60)
  const memory = [insn(0x20, 16), insn(0x07), ...Array.from({ length: 16 }, (_, k) => insn(random.pick([0x02, 0x03]), k))]
  const end = [insn(0x2), insn(0x87), insn(0x07), insn(0x60), insn(0xac), insn(0x07), insn(0x74, 16), insn(0xac), insn(0x54, 0xfff), insn(0x44, ERRNO), insn(0x16)]
  const body = Array.from({ length }, (_, i) => any(random, length - i))
  return [insn(0x20), insn(0x15, NUMBER, 1), insn(0x06, 0x7fff0000), ...memory, ...body, ...end]
}

/** Any field of any instruction may be another. */
function damaged(random: Random, whole: readonly Instruction[]): readonly Instruction[] {
  const at = 3 + random.below(whole.length - 3)
  const old = whole[at] ?? insn(0)
  const codes = [random.below(256), random.below(0x10000), 0x94, 0x28, 0x30, 0x40, 0x06, 0x61, 0xb1]
  const change = [{ code: random.pick(codes) }, { k: random.chance(2) ? random.below(80) : random.word() }, { jt: random.below(256), jf: random.below(256) }, { code: random.pick([0x60, 0x61]), k: random.below(20) }]
  return random.chance(20) ? whole.slice(0, at) : whole.with(at, { ...old, ...random.pick(change) })
}

function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(8 * program.length)
  for (const [i, { code, jt, jf, k }] of program.entries()) {
    bytes.writeUInt16LE(code, 8 * i)
    bytes.set([jt, jf], 8 * i + 2)
    bytes.writeUInt32LE(k, 8 * i + 4)
  }
  return bytes
}

const python = spawnSync('python3', ['-c', 'import ctypes']).status === 0

t.test('as the kernel', { skip: python ? false : 'python3 is not there to load the programs' }, async t => {
  const random = new Random(7)
  const way = nativeOf(hostArch())
  if (!way) throw new Error('no such machine')
  const cases = Array.from({ length: process.env['SRCON_ORACLE'] === 'full' ? 6000 : 300 }, (_, i) => {
    const whole = program(random)
    return { insns: i % 2 ? damaged(random, whole) : whole, args: Array.from({ length: 6 }, () => random.chance(3) ? BigInt(random.below(40)) : random.wide()) }
  })
  const input = cases.map(({ insns, args }) => `${encode(insns).toString('hex')} ${NUMBER} ${args.join(' ')}`).join('\n')
  const judge = spawnSync('python3', [join(import.meta.dirname, 'oracle/judge.py')], { input, encoding: 'utf8', maxBuffer: 1 << 26 })
  const answers = judge.stdout.trim().split('\n')
  t.equal(answers.length, cases.length, judge.stderr)
  const seen = { refused: 0, taken: 0 }
  const results = new Set<number>()
  for (const [i, { insns, args }] of cases.entries()) {
    const ours = refusal(insns)
    const listing = (): string => insns.map((each, at) => `${at} ${each.code.toString(16)} ${inWords(each, at)}`).join('\n')
    seen[ours === undefined ? 'taken' : 'refused']++
    if (ours !== undefined || answers[i] === 'refused') {
      if (answers[i] !== 'refused' || ours === undefined) throw new Error(`case ${i}: ${ours ?? 'taken'}, the kernel: ${answers[i]}\n${listing()}`)
      continue
    }
    const { value } = execute(insns, wordsOf({ way, number: NUMBER, args }))
    // The instruction pointer is the one thing that the machine cannot know.
    if (insns.some(({ code, k }) => code === 0x20 && (k === 8 || k === 12))) continue
    const expected = (value & 0xffff0000) >>> 0 === ERRNO ? String(Math.min(value & 0xffff, 4095)) : undefined
    // Damage may make other verdicts of it: a dead child, or the call's own ENOSYS.
    if (expected === undefined) continue
    results.add(value)
    if (answers[i] !== expected) throw new Error(`case ${i}: ${expected}, the kernel: ${answers[i]}\n${listing()}`)
  }
  t.ok(seen.refused > cases.length / 20 && seen.taken > cases.length / 2, JSON.stringify(seen))
  t.ok(results.size > 40, `${results.size} different results`)
})

t.test('bytes that are no program', async t => {
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(7), Buffer.alloc(8 * 4097)]) t.throws(() => decode(bytes), RangeError)
  t.match(refusal([insn(0x06)]), undefined)
  t.match(refusal([insn(0x00)]), /no RET/)
  t.match(refusal([insn(0x60, 3), insn(0x06)]), /instruction 0: memory word 3 is read before it is written/)
  t.match(refusal([insn(0x15, 0, 0, 1), insn(0x06)]), /instruction 0: a jump past the end/)
  t.match(refusal([insn(0x20, 64), insn(0x06)]), /no word at byte 64/)
})

t.test('big-endian data', async t => {
  const s390x = nativeOf('s390x')
  if (!s390x) throw new Error('no such machine')
  const words = wordsOf({ way: s390x, number: 1, args: [0x1_0000_0002n, 0n, 0n, 0n, 0n, 0n] })
  t.strictSame(Array.from(words.subarray(0, 6)), [1, 0x80000016, 0, 0, 1, 2])
})
