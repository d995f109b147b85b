// A step in words, for --dry-run. Pure.
import type { Step, StepWords } from '@srcon/kit/step'
import type { LoadStep } from './steps.ts'

export function words(step: Step): StepWords {
  if (step.do === 'caps.no-new-privs') return { calls: ['prctl(PR_SET_NO_NEW_PRIVS, 1)'], classic: 'setpriv --no-new-privs' }
  const { program, flags = [], source = 'a program', listener } = step as LoadStep
  const names = flags.map(flag => `SECCOMP_FILTER_FLAG_${flag.toUpperCase().replace('-', '_')}${flag === 'wait-killable' ? '_RECV' : ''}`)
  if (listener) names.push('SECCOMP_FILTER_FLAG_NEW_LISTENER')
  const length = Buffer.from(program, 'base64').length / 8
  const load = `seccomp(SECCOMP_SET_MODE_FILTER, ${names.join(' | ') || '0'}, ${length} instructions of ${source})`
  if (listener) return { calls: [load, `sendmsg(${'path' in listener ? listener.path : `descriptor ${listener.descriptor}`}, the listener)`] }
  return { calls: [load], classic: 'setpriv --seccomp-filter FILE' }
}
