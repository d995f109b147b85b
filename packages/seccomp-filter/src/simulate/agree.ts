// Two implementations that differ prove that one is wrong: an error, whoever asked.
import { ToolError } from '@srcon/kit/error'
import { words } from './action.ts'

/** Throws a ToolError `E_DISAGREE` unless the evaluator and the machine came to the same value. */
export function assertAgreed(policy: string, call: string, evaluator: number, machine: number): void {
  if (evaluator === machine) return
  throw new ToolError('seccomp-filter', `${policy}: ${call}: the rules say ${words(evaluator)}, the compiled filter ${words(machine)}`, {
    code: 'E_DISAGREE', why: 'the compiler or the evaluator is wrong; this must not happen', hint: 'please report it with the policy and the call',
  })
}
