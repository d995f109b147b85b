// The fact sheet of a container beside ours, and the checks of doctor.
import { readlinkSync, statSync } from 'node:fs'
import { once } from 'node:events'
import t from 'tap'
import { sheetLines } from '../src/facts.ts'
import { check, container, facts, launch, plan, type FactSheet } from '../src/index.ts'
import { noLauncher, notRoot, ORDINARY, srcon } from './fixtures/run.ts'

t.test('facts', { skip: noLauncher }, async t => {
  const own = facts('self')
  t.equal(own.pid, process.pid)
  t.equal(`user:[${own.namespaces['user']}]`, readlinkSync('/proc/self/ns/user'))
  t.equal(own.root?.inode, statSync('/').ino)
  const child = launch(plan(['sh', '-c', 'echo ready; read end'], container()))
  t.teardown(async () => await child[Symbol.asyncDispose]())
  if (child.stdout) await once(child.stdout, 'data')
  // What it prints may arrive before the report that it was executed.
  await child.started
  const pid = child.commandPid ?? 0
  const other = facts(pid)
  t.not(other.namespaces['pid'], own.namespaces['pid'])
  t.match(other, { noNewPrivs: true, seccomp: { mode: 'filter' }, uidMap: [{ inside: 0 }] })
  t.equal(other.capabilities.effective.length, 14)
  const lines = sheetLines([own, other])
  t.match(lines.find(line => line.startsWith('pid namespace')), /^pid namespace +\d+ +\* \d+$/)
  t.match(lines.find(line => line.startsWith('time namespace')), /^time namespace +\d+ +\d+$/, 'equal ones are not marked')
  const said = JSON.parse(srcon(['facts', 'self', String(pid), '--json']).stdout) as FactSheet[]
  t.strictSame(said[1], JSON.parse(JSON.stringify(other)))
  t.match(srcon(['facts', '4194304']), { status: 125, stderr: /4194304/ })
  t.match(srcon(['facts', 'abc']), { status: 125, stderr: /'abc'/ })
})

t.test('doctor', { skip: notRoot }, async t => {
  const checks = await check()
  t.equal(checks.find(({ name }) => name === 'a container')?.ok, true)
  const { status, stdout } = srcon(['doctor', '--json'], { uid: ORDINARY })
  const user = JSON.parse(stdout) as typeof checks
  t.equal(status, user.every(({ ok }) => ok) ? 0 : 1)
  for (const { name, ok, means } of user) t.equal(ok, means === undefined, `${name}: what is not well says what that means`)
  t.match(srcon(['doctor']).stdout, /^(ok |NOT) kernel/)
})
