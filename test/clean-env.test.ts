// The runner leaves nothing in the environment of what a test starts.
import { execFileSync, spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { cleanEnv } from './support/clean-env.ts'

const left = (env: string) => env.split('\n').filter(line => /^[^=]*TAP|@tapjs|^npm_/.test(line))

t.test('children of a test know nothing of it', async t => {
  t.match(process.env['TAP'] ?? process.env['TAP_CHILD_ID'], /./, 'the runner does set them')
  t.strictSame(left(execFileSync('env', { encoding: 'utf8' })), [])
  t.strictSame(left(execFileSync('env', { encoding: 'utf8', env: cleanEnv() })), [])
  const child = spawn('env', { env: cleanEnv({ NODE_OPTIONS: '--no-warnings' }), stdio: ['ignore', 'pipe', 'inherit'] })
  const env = await text(child.stdout)
  t.strictSame(left(env), [])
  t.match(env, /^NODE_OPTIONS="?--no-warnings"?$/m, 'what the test itself asks for stays')
})
