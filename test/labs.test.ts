// Every exercise is solved and every mutant caught, by the check itself on the real kernel; and each
// judgement alone says what it should of numbers that a host would not give on demand.
import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import * as memory from '../labs/08-memory/check.ts'
import * as cpu from '../labs/09-cpu/check.ts'
import { passed, report, type Result } from '../labs/result.ts'
import { cleanEnv } from './support/clean-env.ts'

const labs = join(import.meta.dirname, '../labs')
const folders = readdirSync(labs).filter(name => /^\d\d-/.test(name))

interface Answer {
  readonly skip?: string
  readonly passed?: boolean
  readonly results?: readonly Result[]
}
function lab(...words: readonly string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  return spawnSync(process.execPath, ['--conditions=@srcon/source', '--no-warnings', join(labs, 'lab.ts'), ...words], { encoding: 'utf8', env: cleanEnv() })
}
const failing = (results: readonly Result[] = []): string[] => results.filter(({ ok }) => !ok).map(({ name }) => name)

/** What each mutant must be caught by; other results may fail with it. */
const mutants: Readonly<Record<string, string>> = {
  '08-memory': 'it is there because its shell is',
  '09-cpu': 'both may use one and the same CPU only',
}
const impossible: Readonly<Record<string, string | undefined>> = { '08-memory': memory.lab.impossible(), '09-cpu': cpu.lab.impossible() }

t.test('every exercise is listed, has its parts and a mutant', async t => {
  t.strictSame(folders, Object.keys(mutants))
  const { stdout } = lab('list')
  for (const folder of folders) {
    const page = readFileSync(join(labs, folder, 'README.md'), 'utf8')
    t.match(stdout, new RegExp(`^${Number(folder.slice(0, 2))} {2}${/^# (.*)$/m.exec(page)?.[1]}$`, 'm'))
    for (const part of ['**Goal.**', '## Steps', '## Questions']) t.ok(page.includes(part), `${folder}: ${part}`)
  }
})

for (const folder of folders) {
  const number = String(Number(folder.slice(0, 2)))
  const skip = impossible[folder] ?? false
  t.test(`exercise ${number}: the solution passes`, { skip }, async t => {
    const { status, stdout, stderr } = lab('solve', number, '--json', '--wait', '60')
    const { passed: good, results } = JSON.parse(stdout || '{}') as Answer
    t.strictSame(failing(results), [], `${JSON.stringify(results?.filter(({ ok }) => !ok))} ${stderr}`)
    t.equal(good, true)
    t.equal(status, 0)
  })
  t.test(`exercise ${number}: the mutant is caught`, { skip }, async t => {
    const { status, stdout, stderr } = lab('attempt', number, join(labs, folder, 'mutant.sh'), '--json', '--wait', '60')
    const { results } = JSON.parse(stdout || '{}') as Answer
    t.ok(failing(results).includes(mutants[folder] ?? ''), `${failing(results).join(', ')} ${stderr}`)
    t.equal(status, 1)
  })
  t.test(`exercise ${number}: a script that does nothing`, { skip }, async t => {
    const script = join(t.testdir({ 'nothing.sh': '' }), 'nothing.sh')
    t.match(lab('attempt', number, script, '--wait', '60'), { status: 125, stdout: '', stderr: /the script has ended/ })
  })
}

t.test('nothing is left of the meetings', async t => {
  t.strictSame(readdirSync(tmpdir()).filter(name => name === `srcon-lab-${process.getuid?.()}`), [])
})

t.test('judgement of exercise 8', async t => {
  const standing = (limit: number | 'max', swap: number | 'max', peak: number, kills: number): memory.Seen['before'] => ({
    pid: 5, groups: [], limits: { memory: limit, swap, cpus: null, cpuWeight: null, cpuset: null, pids: null },
    use: { memory: 0, swap: 0, pids: null, cpuUsec: null }, counters: { peakMemory: peak, oomKills: kills, pidsRefused: null, throttled: null, throttledUsec: null },
  })
  const good: memory.Seen = { hog: '/m/g', shell: '/m/g', own: '/m', before: standing(19_996_672, 0, 1, 3), after: standing(19_996_672, 0, 19_996_672, 4), status: 137 }
  const wrong = (change: Partial<memory.Seen>): string[] => failing(memory.judge({ ...good, ...change }))
  t.ok(passed(memory.judge(good)))
  t.strictSame(wrong({ shell: '/m' }), ['it is there because its shell is'])
  t.strictSame(wrong({ own: '/m/g' }), ['the hog is in a memory group of its own'])
  t.strictSame(wrong({ status: 1 }), ['the hog was killed'])
  t.strictSame(wrong({ status: 139 }), ['the hog was killed'], 'it died, but not of this')
  t.strictSame(wrong({ after: standing(19_996_672, 0, 19_996_672, 3) }), ['the kernel counted an OOM kill in the group'], 'somebody else sent KILL')
  t.strictSame(wrong({ before: standing(19_996_672, 'max', 1, 3) }), ['there is no swap beside it'])
  t.strictSame(wrong({ before: standing('max', 0, 1, 3) }), ['the limit is 20 MB', 'the group never used more than its limit'])
})

t.test('judgement of exercise 9', async t => {
  const good: cpu.Seen = { light: '/c/l', heavy: '/c/h', own: '/c', lightCpus: '0', heavyCpus: '0', ratio: 9.4, quota: 0.2, throttled: 38 }
  const wrong = (change: Partial<cpu.Seen>): string[] => failing(cpu.judge({ ...good, ...change }))
  t.ok(passed(cpu.judge(good)))
  t.strictSame(wrong({ heavyCpus: '1' }), ['both may use one and the same CPU only'])
  t.strictSame(wrong({ lightCpus: '0-1', heavyCpus: '0-1' }), ['both may use one and the same CPU only'])
  t.strictSame(wrong({ heavy: '/c/l' }), ['light and heavy are in two groups'])
  for (const ratio of [7.4, 12.6, 1]) t.strictSame(wrong({ ratio }), ['heavy gets ten times what light gets'])
  for (const quota of [0.14, 0.26]) t.strictSame(wrong({ quota }), ['quota uses a fifth of one CPU'])
  t.strictSame(wrong({ throttled: 0 }), ['the kernel made it wait'])
})

t.test('a report is TAP, and a skip has its reason', async t => {
  const [first] = cpu.judge({ light: 'a', heavy: 'a', own: 'b', lightCpus: '0', heavyCpus: '0', ratio: 10, quota: 0.2, throttled: 1 })
  if (!first) throw new Error('no result')
  t.equal(report([first], false), 'TAP version 14\n1..1\nnot ok 1 - light and heavy are in two groups\n  ---\n  expected: "a CPU group for each"\n  seen: "a, a"\n  hint: "weights are compared between groups, not between processes"\n  ...\n')
  t.equal(report({ skip: 'no groups' }, false), 'TAP version 14\n1..0 # SKIP no groups\n')
})
