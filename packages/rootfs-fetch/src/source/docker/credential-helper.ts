// A credential helper: a program `docker-credential-NAME` that gets the registry on its input and answers in JSON.
// https://github.com/docker/docker-credential-helpers
import { spawn } from 'node:child_process'
import { ToolError } from '@srcon/kit/error'
import { tool } from '../../native.ts'
import type { Credentials } from './credentials.ts'

/** A helper may ask its user; it may not keep us for ever. Milliseconds, bytes. */
const PATIENCE = 60_000
const LIMIT = 64 << 10

/** `path`: the file that names it. Undefined where it has none for this registry. */
export async function askHelper(name: string, registry: string, path: string): Promise<Credentials | undefined> {
  const fail = (why: string, hint?: string): ToolError => new ToolError(tool, `the credential helper of ${path} gave nothing`, { code: 'E_AUTH', path, why, hint: hint ?? 'log in again, or take the helper out of that file' })
  // It is looked for in PATH: not a way to any other program.
  if (!/^[\w.-]{1,64}$/.test(name)) throw fail('its name has other characters than letters, digits, . _ -')
  const program = `docker-credential-${name}`
  const { status, text } = await output(program, registry).catch((error: unknown) => {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (code === 'ABORT_ERR') throw fail(`${program} gave no answer within ${PATIENCE / 1000} s`)
    throw code === 'ENOENT' ? fail(`${program} is not installed`, `install ${program}, or log in without it`) : fail(`${program}: ${message}`)
  })
  if (status !== 0) {
    if (/credentials not found/i.test(text)) return undefined
    throw fail(`${program} ended with ${status}`)
  }
  // What it printed is a secret: no message shows any of it.
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    throw fail(`${program} did not answer in JSON`)
  }
  const { Username: user, Secret: secret } = (typeof answer === 'object' && answer !== null ? answer : {}) as Readonly<Record<string, unknown>>
  if (typeof user !== 'string' || typeof secret !== 'string') throw fail(`${program} named no user or no secret`)
  if (user === '' && secret === '') return undefined
  return user === '<token>' ? { identityToken: secret } : { user, password: secret }
}

/** Its stdout and how it ended; its stderr is the user's. */
async function output(program: string, input: string): Promise<{ status: number | NodeJS.Signals; text: string }> {
  return await new Promise((resolve, reject) => {
    // Not spawn's own timeout: where there is no such program, its timer would hold the process to its end.
    const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'inherit'], signal: AbortSignal.timeout(PATIENCE), killSignal: 'SIGKILL' })
    const parts: Buffer[] = []
    let size = 0
    child.on('error', reject)
    child.stdin.on('error', () => {})
    child.stdin.end(`${input}\n`)
    child.stdout.on('data', (part: Buffer) => {
      size += part.length
      parts.push(part)
      if (size > LIMIT) child.kill('SIGKILL')
    })
    // What it started may hold its output open.
    child.on('exit', () => void setTimeout(() => child.stdout.destroy(), 500).unref())
    child.on('close', (code, signal) => (size > LIMIT ? reject(new Error(`it wrote more than ${LIMIT} bytes`)) : resolve({ status: code ?? signal ?? -1, text: Buffer.concat(parts).toString() })))
  })
}
