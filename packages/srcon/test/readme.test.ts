// Every example of the README, with its output.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { notRoot, script } from './fixtures/run.ts'

const page = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
const blocks = [...page.matchAll(/^```console\n([\s\S]*?)^```/gm)].map(found => found[1] ?? '')
const examples = blocks.flatMap(block => block.split(/^\$ /m).slice(1)).map(text => {
  const [command = '', ...output] = text.split('\n')
  return { command, output: output.join('\n').trim() }
})

t.test('every example', { skip: notRoot }, async t => {
  t.ok(examples.length >= 5, `${examples.length} examples`)
  for (const { command, output } of examples) {
    const { stdout, stderr } = script(command)
    t.equal(stdout.trim(), output, `${command}\n${stderr}`)
  }
})
