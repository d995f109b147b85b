// The program in the user namespace: reads one job, does it, answers. Its standard input stays open as long as who asked
// lives; at its end this ends too, in the middle of whatever it does. Until then it holds the locks that it inherited, so
// nobody sweeps under its hands.
import { ToolError } from '@srcon/kit/error'
import { writeAll } from '@srcon/kit/output'
import { tool } from '../native.ts'
import { FIRST_FD, jobs, type JobMessage, type JobReply } from './jobs.ts'

type AnyJob = (request: unknown, fds: readonly number[], tell: (progress: unknown) => void) => Promise<unknown>

function reply(line: JobReply): void {
  writeAll(1, `${JSON.stringify(line)}\n`)
}

async function serve({ job, request, fds }: JobMessage): Promise<void> {
  try {
    const act = jobs[job] as AnyJob
    reply({ answer: await act(request, Array.from({ length: fds }, (_, i) => FIRST_FD + i), progress => reply({ progress })) })
  } catch (error) {
    const told = error instanceof ToolError ? error : new ToolError(tool, String(error), { code: 'E_INTERNAL' })
    reply(told.toJSON())
  }
  process.exit(0)
}

// A terminal sends these to the whole group; what becomes of the job is for who asked to say.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

let text = ''
let asked = false
process.stdin.setEncoding('utf8')
process.stdin.on('data', (part: string) => {
  if (asked) return
  text += part
  const end = text.indexOf('\n')
  if (end < 0) return
  asked = true
  void serve(JSON.parse(text.slice(0, end)) as JobMessage)
})
process.stdin.on('close', () => process.exit(1))
