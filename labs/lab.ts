// The exercises: list them, read one, check your own work, or see it solved.
//   node labs/lab.ts list | show N | check N | solve N | attempt N SCRIPT      [--json] [--wait SECONDS]
// A check looks at the kernel from the host's side: how you got there does not matter.
// Exit code: 0 all as it should be, 1 not yet, 77 it cannot be checked on this host, 125 our failure.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Meeting } from './meeting.ts'
import { passed, report, type Lab, type Result } from './result.ts'

const here = import.meta.dirname
const folders = readdirSync(here).filter(name => /^\d\d-/.test(name)).toSorted()

/** The folder of exercise 8: `08-memory`. */
function folderOf(number: string): string {
  const name = folders.find(each => Number(each.slice(0, 2)) === Number(number))
  if (name === undefined) throw new Error(`there is no exercise ${number}; there are ${folders.map(each => Number(each.slice(0, 2))).join(', ')}`)
  return join(here, name)
}

const text = (folder: string): string => readFileSync(join(folder, 'README.md'), 'utf8')

/** Checks what happens until the exercise's program has reported, or, with a script, what that does. */
export async function check(number: string, script: string | undefined, waitSeconds: number, say: (line: string) => void): Promise<readonly Result[] | { readonly skip: string }> {
  const folder = folderOf(number)
  const { lab } = (await import(join(folder, 'check.ts'))) as { lab: Lab }
  const reason = lab.impossible()
  if (reason !== undefined) return { skip: reason }
  await using meeting = await Meeting.open(waitSeconds)
  if (script === undefined) {
    say(`waiting up to ${waitSeconds} s: ${lab.ask}`)
    return await lab.check(meeting)
  }
  const path = [folder, toolsIn(meeting.path), process.env['PATH'] ?? ''].join(delimiter)
  const child = spawn('sh', [script], { cwd: folder, env: { ...process.env, PATH: path, LAB_AT: meeting.path }, stdio: ['ignore', 'ignore', 'inherit'], detached: true })
  const ended = new Promise<void>(done => child.once('close', () => done()))
  void ended.then(() => meeting.over('the script has ended'))
  try {
    return await lab.check(meeting)
  } finally {
    meeting.release()
    await ended
  }
}

/** The tools of this checkout by their names, in a folder that goes with the meeting. */
function toolsIn(at: string): string {
  const folder = join(at, 'bin')
  mkdirSync(folder)
  const packages = join(here, '../packages')
  for (const name of readdirSync(packages)) {
    const bin = join(packages, name, 'dist/bin', `${name}.mjs`)
    if (existsSync(bin)) symlinkSync(bin, join(folder, name))
  }
  return folder
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' }, wait: { type: 'string', default: '600' } } })
  const [verb = 'list', number = '', script] = positionals
  if (verb === 'list') {
    for (const name of folders) console.log(`${Number(name.slice(0, 2))}  ${/^# (.*)$/m.exec(text(join(here, name)))?.[1]}`)
    return 0
  }
  if (verb === 'show') {
    process.stdout.write(text(folderOf(number)))
    return 0
  }
  const attempt = verb === 'solve' ? join(folderOf(number), 'solution.sh') : verb === 'attempt' && script !== undefined ? resolve(script) : undefined
  if (!['check', 'solve', 'attempt'].includes(verb) || (verb === 'attempt' && script === undefined)) throw new Error(`usage: lab.ts list | show N | check N | solve N | attempt N SCRIPT`)
  const results = await check(number, attempt, Number(values.wait), line => console.error(line))
  process.stdout.write(report(results, values.json === true))
  return 'skip' in results ? 77 : passed(results) ? 0 : 1
}

if (import.meta.main) {
  try {
    process.exitCode = await main()
  } catch (error) {
    console.error(`lab: ${(error as Error).message}`)
    process.exitCode = 125
  }
}
