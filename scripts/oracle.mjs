// Everything that the tests hold against another implementation, at full size: npm run oracle [-- FILE…]
// npm test runs the same at a size for every day. A few minutes; the last line says whether anything differed.
import { spawnSync } from 'node:child_process'
import { root, run } from './run.mjs'

const named = process.argv.slice(2)
const folder = 'packages/seccomp-filter/test'
const files = named.length > 0 ? named : [...['kernel', 'replay', 'random', 'libseccomp', 'machine'].map(name => `${folder}/${name}.test.ts`), 'packages/caps/test/text.test.ts']
const env = { ...process.env, SRCON_ORACLE: 'full', SRCON_FUZZ: process.env.SRCON_FUZZ ?? '1000000' }
// A file that is run by itself, tap gives half a minute.
env.TAP_TIMEOUT = '3600'
delete env.NODE_EXTRA_CA_CERTS

let failed = 0
for (const file of files) {
  const start = performance.now()
  const { status, stdout } = spawnSync('node', ['--no-warnings', '--conditions=@srcon/source', file], { cwd: root, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28 })
  if (status !== 0) failed++
  const said = [...stdout.matchAll(/^ +# (\d.*)$/gm)].map(([, text]) => text)
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${file} (${((performance.now() - start) / 1000).toFixed(0)} s)${said.map(text => `\n     ${text}`).join('')}`)
  if (status !== 0) console.log(stdout)
}
if (named.length === 0) run('cargo', ['test', '--release', '--quiet', '-p', 'seccomp-filter-core', '--test', 'fuzz', '--', '--nocapture'], env)
console.log(failed === 0 ? 'no differences' : `${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
