// The launcher's own steps in words, for --dry-run.
import type { Step, StepWords } from './step.ts'

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

export function runWords(step: Step): StepWords {
  const { do: name, ...fields } = step
  switch (name) {
    case 'run.cwd':
      return { calls: [`chdir(${JSON.stringify(fields['path'])})`], classic: `cd ${text(fields['path'])}` }
    case 'run.rlimit':
      return { calls: [`prlimit64(0, ${text(fields['resource'] ?? fields['name'])}, ${text(fields['soft'])}, ${text(fields['hard'])})`], classic: 'prlimit' }
    case 'run.env':
      return { calls: [], classic: 'env' }
    case 'run.time-limit':
      return { calls: ['timerfd_create()'], classic: 'timeout' }
    default:
      return { calls: [`${name} ${JSON.stringify(fields)}`] }
  }
}
