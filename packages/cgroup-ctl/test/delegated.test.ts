// An ordinary user has groups on v2 below a group that was delegated, and nowhere else. The hugetlb
// controller is used, which even a hybrid host has on v2.
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { launcherPath } from '@srcon/kit/addon'
import t from 'tap'
import { readFacts } from '../src/facts.ts'
import { explain } from '../src/explain.ts'
import type { JoinStep } from '../src/steps.ts'
import { inReachOfOthers, nobody } from './fixtures/nobody.ts'

const v2 = readFacts().hierarchies.find(({ version }) => version === 2)
const skip = process.getuid?.() !== 0 ? 'only root can delegate' : inReachOfOthers() || (v2?.controllers.includes('hugetlb') ? false : 'cgroup v2 has no hugetlb here')
const NOBODY = 65_534

t.test('below a delegated group, and not from outside of it', { skip }, async t => {
  const top = v2?.mount ?? ''
  const control = join(top, 'cgroup.subtree_control')
  const name = `cgtest-${process.pid}`
  const group = join(top, name)
  const before = readFileSync(control, 'utf8')
  writeFileSync(control, '+hugetlb')
  mkdirSync(join(group, 'leaf'), { recursive: true })
  t.teardown(() => {
    rmdirSync(join(group, 'leaf'))
    rmdirSync(group)
    if (!before.includes('hugetlb')) writeFileSync(control, '-hugetlb')
  })
  // What systemd does for Delegate=yes; see cgroups(7), "Cgroups delegation".
  for (const file of ['', 'cgroup.procs', 'cgroup.threads', 'cgroup.subtree_control', 'leaf', 'leaf/cgroup.procs']) chownSync(join(group, file), NOBODY, NOBODY)
  const step: JoinStep = { do: 'cgroup.join', groups: [{ version: 2, controllers: ['hugetlb'], mount: top, parent: name, write: [{ file: 'hugetlb.2MB.max', value: '4194304' }] }] }
  const folder = t.testdir({ 'plan.json': JSON.stringify({ version: 1, steps: [step], argv: ['true'] }) })
  const launcher = launcherPath(import.meta.url)
  chmodSync(folder, 0o755)
  const start = (first: string, script: string): { status: number | null; stdout: string; stderr: string } =>
    spawnSync('sh', ['-c', `${first} exec "$@"`, 'sh', ...nobody, launcher, join(folder, 'plan.json'), '--', 'sh', '-c', script], { encoding: 'utf8' })
  const inside = start(`echo $$ >${group}/leaf/cgroup.procs;`, `id -u; sed -n 's/^0:://p' /proc/self/cgroup; cat ${group}/srcon-*/hugetlb.2MB.max; sleep 1000 & :`)
  const [uid, place = '', limit] = inside.stdout.trim().split('\n')
  t.equal(uid, String(NOBODY), inside.stderr)
  t.ok(place.startsWith(`/${name}/srcon-`), place)
  t.equal(limit, '4194304')
  const outside = start('', 'echo ran')
  t.match(outside, { status: 125, stdout: '', stderr: /Permission denied/ })
  t.strictSame(readdirSync(group, { withFileTypes: true }).filter(entry => entry.isDirectory()).map(entry => entry.name), ['leaf'], 'nothing is left')
  const failure = { step, index: 0, syscall: 'write', errno: 13, code: 'EACCES', path: top, note: 'cgroup.procs', steps: [step] }
  t.match(explain(failure), { what: /cannot join a group of hugetlb: EACCES/, why: /nearest group above both/ })
})
