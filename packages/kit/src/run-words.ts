// The launcher's own steps, `run.…`, in words for --dry-run; a tool's link has the words of its own.
import { textOf as text, type Bytes, type Step, type StepWords } from './step.ts'

interface Edit {
  readonly name: Bytes
  readonly value?: Bytes | null
}

const limit = (value: unknown): string => (typeof value === 'number' ? String(value) : 'unlimited')

export function runWords(step: Step): StepWords {
  switch (step.do) {
    case 'run.cwd':
      return { calls: [`chdir(${JSON.stringify(text(step['path']))})`], classic: `cd ${text(step['path'])}` }
    case 'run.rlimit': {
      const resource = text(step['resource'])
      const [soft, hard] = [limit(step['soft']), limit(step['hard'])]
      return { calls: [`setrlimit(RLIMIT_${resource.toUpperCase()}, {${soft}, ${hard}})`], classic: `prlimit --${resource}=${soft}:${hard}` }
    }
    case 'run.env':
      return { calls: [], classic: ['env', ...(step['clear'] === true ? ['-i'] : []), ...(step['edits'] as readonly Edit[]).map(envWord)].join(' ') }
    case 'run.time-limit':
      return { calls: [`timerfd_settime(${String(step['wallMs'])} ms)`], classic: `timeout -k ${Number(step['graceMs'] ?? 2000) / 1000} ${Number(step['wallMs']) / 1000}` }
    default:
      return { calls: [`${step.do} ${JSON.stringify({ ...step, do: undefined })}`] }
  }
}

function envWord({ name, value }: Edit): string {
  return value === undefined || value === null ? `-u ${text(name)}` : `${text(name)}=${text(value)}`
}
