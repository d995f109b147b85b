// Every example of the README, run, with what it prints.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { plainEnv } from './fixtures/run.ts'

const text = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
const examples = [...text.matchAll(/```ts\n([^]*?)```\n```text\n([^]*?)```/g)]

t.test('the examples of the README', async t => {
  t.equal(examples.length, text.split('```ts\n').length - 1, 'each says what it prints')
  const home = t.testdir({})
  for (const [i, [, code = '', printed]] of examples.entries()) {
    const file = join(home, `${i}.ts`)
    writeFileSync(file, code)
    const { stdout, stderr } = spawnSync(process.execPath, ['--conditions=@srcon/source', file], { encoding: 'utf8', env: plainEnv() })
    t.equal(stderr, '')
    t.equal(stdout, printed)
  }
})
