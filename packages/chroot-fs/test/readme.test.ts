// Every example of the README, with its output.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { notRoot } from './fixtures/run.ts'

const folder = join(import.meta.dirname, '..')
const page = readFileSync(join(folder, 'README.md'), 'utf8')
const words = [process.execPath, '--conditions=@srcon/source', join(folder, 'src/cli.ts')].map(word => `'${word}'`).join(' ')
const blocks = [...page.matchAll(/^```console\n([\s\S]*?)^```/gm)].map(found => found[1] ?? '')
const examples = blocks.flatMap(block => block.split(/^\$ /m).slice(1)).map(text => {
  const [command = '', ...output] = text.split('\n')
  return { command, output: output.join('\n').trim() }
})

t.test('every example', { skip: notRoot }, async t => {
  t.ok(examples.length >= 5, `${examples.length} examples`)
  for (const { command, output } of examples) {
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', `chroot-fs() { ${words} "$@"; }; ${command}`], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin' } })
    t.equal(stdout.trim(), output, `${command}\n${stderr}`)
  }
})
