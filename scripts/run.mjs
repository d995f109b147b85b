// Running a command of the build: its output goes straight to the terminal, and a failure ends the script with one line.
import { spawnSync } from 'node:child_process'
import { basename, delimiter, dirname, join } from 'node:path'

/** The checkout. */
export const root = dirname(import.meta.dirname)

// Scripts called without npm find the workspace's own tools too, Node 24 among them.
const bin = join(root, 'node_modules/.bin')
if (!process.env.PATH?.split(delimiter).includes(bin)) process.env.PATH = `${bin}${delimiter}${process.env.PATH ?? ''}`

const script = basename(process.argv[1] ?? 'script', '.mjs')

/** One line for people, on stderr. */
export function say(line) {
  process.stderr.write(`${script}: ${line}\n`)
}

/** Ends the script: what is wrong, and the command that mends it. */
export function stop(line) {
  say(line)
  process.exit(1)
}

/** Runs a command to its end; stops the script when it fails. */
export function run(command, args, env = {}) {
  const ended = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } })
  if (ended.error) stop(`cannot run '${command}': ${ended.error.message}`)
  if (ended.status !== 0) stop(`'${command} ${args.join(' ')}' failed (${ended.signal ?? `status ${ended.status}`})`)
}

/** What a command prints, trimmed; undefined when it is not there or fails. */
export function output(command, args) {
  const ended = spawnSync(command, args, { cwd: root, encoding: 'utf8' })
  return ended.status === 0 ? ended.stdout.trim() : undefined
}
