// The same policies on all nine architectures: what the compiler makes of them, run by the machine, against the evaluator.
import t from 'tap'
import { words } from '../src/simulate/action.ts'
import { callsOf } from '../src/simulate/calls.ts'
import { wordsOf } from '../src/simulate/data.ts'
import { evaluate } from '../src/simulate/evaluate.ts'
import { execute } from '../src/simulate/machine.ts'
import { ways } from '../src/simulate/ways.ts'
import { both, calls, opened, subjects } from './oracle/subjects.ts'

const full = process.env['SRCON_ORACLE'] === 'full'

t.test('nine architectures', async t => {
  let compared = 0
  for (const subject of subjects()) {
    for (const way of ways) {
      const { program, policy } = both(opened(subject, way.machine), way.machine)
      const seen = new Set<number>()
      let at = 0
      for (const call of calls(policy, way)) {
        if (!full && at++ % 4 !== 0) continue
        const [said, ran] = [evaluate(policy, call, callsOf), execute(program, wordsOf(call)).value]
        compared++
        seen.add(ran)
        if (said !== ran) throw new Error(`${subject.name} ${way.name} ${call.number} ${call.args.join(' ')}: ${words(said)}, the machine: ${words(ran)}`)
      }
      t.ok(seen.size >= (policy.ways.includes(way) ? 2 : 1), `${subject.name} by ${way.name}: ${seen.size} verdicts`)
    }
  }
  t.comment(`${compared} calls, 0 differences`)
})
