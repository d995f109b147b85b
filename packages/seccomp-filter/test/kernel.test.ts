// Every preset and the profiles of others, judged by the kernel itself: each RET of the compiled program becomes an error number of
// its own, the program is loaded in a child, and the calls are made, by the syscall instruction, with x32 numbers, by int $0x80. The
// kernel's answers are what the evaluator says, which knows nothing of the program.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { hostArch } from '@srcon/kit/host'
import { words } from '../src/simulate/action.ts'
import { callsOf } from '../src/simulate/calls.ts'
import type { Call } from '../src/simulate/data.ts'
import { evaluate, type Policy } from '../src/simulate/evaluate.ts'
import type { Instruction } from '../src/simulate/machine.ts'
import { ways } from '../src/simulate/ways.ts'
import { both, calls, noForeign, opened, subjects } from './oracle/subjects.ts'

const workspace = join(import.meta.dirname, '../../..')
/** The kernel lets these two pass every filter (they serve uprobes), and then sends SIGILL. */
const PAST_EVERY_FILTER = [335, 336]
const pc = ways.filter(({ machine }) => machine === 'x86_64')
const building = hostArch() === 'x86_64' ? spawnSync('cargo', ['build', '--quiet', '-p', 'seccomp-filter-core', '--example', 'verdicts'], { cwd: workspace, encoding: 'utf8' }) : undefined
const judge = join(workspace, process.env['CARGO_TARGET_DIR'] ?? 'target', 'debug/examples/verdicts')

function kernel(program: readonly Instruction[], points: readonly Call[]): { readonly has32: boolean; readonly values: Uint32Array } {
  const input = Buffer.alloc(4 + 8 * program.length + 56 * points.length)
  let at = input.writeUInt32LE(program.length)
  for (const { code, jt, jf, k } of program) at = input.writeUInt32LE(k, input.writeUInt8(jf, input.writeUInt8(jt, input.writeUInt16LE(code, at))))
  for (const { way, number, args } of points) {
    at = input.writeUInt32LE(number, input.writeUInt32LE(way.name === 'x86' ? 1 : 0, at))
    for (const arg of args) at = input.writeBigUInt64LE(arg, at)
  }
  const { status, stdout, stderr } = spawnSync(judge, { input, maxBuffer: 1 << 28 })
  if (status !== 0) throw new Error(`the judge ended with ${status}: ${stderr.toString()}`)
  const all = new Uint32Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.length))
  return { has32: all[0] === 1, values: all.subarray(1) }
}

/** The calls of which the kernel and the evaluator do not think the same. */
function differences(program: readonly Instruction[], policy: Policy): { readonly compared: number; readonly found: readonly string[] } {
  const passing = ({ way, number }: Call): boolean => way.name !== 'x86' && PAST_EVERY_FILTER.includes(number)
  const all = pc.flatMap(way => [...calls(policy, way)]).filter(call => !passing(call))
  const { has32, values } = kernel(program, all)
  const points = has32 ? all : all.filter(({ way }) => way.name !== 'x86')
  const found: string[] = []
  for (const [i, call] of points.entries()) {
    const [ours, theirs] = [evaluate(policy, call, callsOf), values[i] ?? -1]
    if (ours !== theirs) found.push(`${call.way.name} ${call.number} ${call.args.map(arg => arg.toString(16)).join(' ')}: ${words(ours)}, the kernel: ${words(theirs)}`)
  }
  return { compared: points.length, found }
}

t.test('the kernel', { skip: building ? false : 'the calls are written for x86-64' }, async t => {
  t.equal(building?.status, 0, building?.stderr ?? '')
  const sum = { compared: 0, policies: 0 }
  for (const subject of subjects()) {
    for (const each of [subject, opened(subject, 'x86_64')]) {
      const { program, policy } = both(each, 'x86_64')
      const { compared, found } = differences(program, policy)
      t.strictSame(found.slice(0, 5), [], `${each.name}: ${compared} calls`)
      sum.compared += compared
      sum.policies++
    }
  }
  t.comment(`${sum.compared} calls of ${sum.policies} policies, judged by the kernel`)
  if (noForeign === false) t.ok(sum.compared >= 390_000, `${sum.compared} calls`)
})

t.test('a wrong program is found', { skip: building ? false : 'the calls are written for x86-64' }, async t => {
  const subject = subjects().find(({ name }) => name === 'default')
  if (!subject) throw new Error('no default')
  const { program, policy } = both(subject, 'x86_64')
  const at = program.findIndex(({ code, k }) => code === 0x15 && k === 38)
  const wrong = program.with(at, { code: 0x15, jt: program[at]?.jt ?? 0, jf: program[at]?.jf ?? 0, k: 37 })
  t.match(differences(wrong, policy).found[0], /^x86_64 41 /)
})
