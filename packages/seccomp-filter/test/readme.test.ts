// Every example of the README: the commands succeed silently, and those with an output have that output.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { noChroot } from './fixtures/host.ts'
import { shell } from './fixtures/run.ts'

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
const blocks = (language: string): readonly string[] => [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(([, text = '']) => text)

t.test('commands', { timeout: 120_000 }, async t => {
  const commands = (blocks('sh')[0] ?? '').split('\n').filter(line => line !== '' && !line.startsWith('#'))
  t.ok(commands.length >= 15)
  for (const verb of ['fmt', 'learn', 'run --why', 'show', 'check', 'explain', 'diff', 'minimise', 'lint', 'export', 'simulate', 'table']) t.ok(commands.some(command => command.includes(`seccomp-filter ${verb} `)), verb)
  const dir = t.testdir({ 'policy.json': JSON.stringify(noChroot) })
  for (const command of commands) t.match(shell(command, dir), { status: 0, stderr: '' }, command)
})

t.test('commands with their output', { timeout: 120_000 }, async t => {
  const dir = t.testdir({})
  const examples = blocks('console').flatMap(block => block.split(/^\$ /m).slice(1)).map(text => {
    const [command = '', ...output] = text.split('\n')
    return { command, output: output.join('\n').trim() }
  })
  t.ok(examples.length >= 5)
  for (const { command, output } of examples) {
    if (command.includes('python3') && !existsSync('/usr/bin/python3')) {
      t.comment(`no python3: ${command}`)
      continue
    }
    const { stdout, stderr } = shell(command, dir)
    t.equal(stdout.trim(), output, `${command}\n${stderr}`)
  }
})
