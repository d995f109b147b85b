// Docker's profile for x86-64, x86 and x32: our filter beside libseccomp's tree, by turns.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const here = import.meta.dirname
const dist = join(here, '../packages/seccomp-filter/dist')
const ALL = (1n << 64n) - 1n

/** Docker's profile, as the tests have it or as Debian ships podman's. */
function profile() {
  const places = [join(process.env.SRCON_TEST_DATA ?? '/nowhere', 'seccomp/docker-default.json'), '/usr/share/containers/seccomp.json']
  const found = places.find(path => existsSync(path))
  return found && { path: found, text: readFileSync(found, 'utf8') }
}

/** The figures, or why there are none. */
export async function filters(dir, rounds) {
  const source = profile()
  if (!source) return { why: 'no profile of Docker or podman here (SRCON_TEST_DATA)' }
  if (process.arch !== 'x64') return { why: 'the profile is measured for x86-64, x86 and x32' }
  const program = join(dir, 'filter')
  try {
    execFileSync('cc', ['-O2', '-o', program, join(here, 'filter.c'), '-lseccomp'], { stdio: ['ignore', 'ignore', 'pipe'] })
  } catch {
    return { why: 'libseccomp-dev is not installed' }
  }
  const { addon } = await import(join(dist, 'addon.js'))
  const { readOci } = await import(join(dist, 'simulate/oci.js'))
  const { DOCKER_CAPS } = await import(join(dist, 'profile.js'))
  const context = { arch: 'x86_64', caps: [...DOCKER_CAPS], major: 6, minor: 1, registers: false }
  const policy = readOci(source.text, { machine: 'x86_64', caps: DOCKER_CAPS, kernel: [6, 1], registers: true, closed: 0x80000000 })
  const rules = join(dir, 'rules')
  writeFileSync(rules, asRules(policy))
  const [ours, theirs] = [join(dir, 'ours.bpf'), join(dir, 'theirs.bpf')]
  const bytes = Buffer.from(source.text)
  const times = { ours: [], theirs: [] }
  for (let round = -1; round < Math.max(rounds / 10, 5); round++) {
    const [their] = run(program, ['compile', '3', rules, theirs]).map(ns => ns / 1e6)
    const before = performance.now()
    for (let i = 0; i < 10; i++) addon().compile(bytes, source.path, context)
    const our = (performance.now() - before) / 10
    if (round < 0) continue
    times.ours.push(our)
    times.theirs.push(their)
  }
  writeFileSync(ours, addon().compile(bytes, source.path, context).program)
  const [installOurs, installTheirs] = run(program, ['install', String(rounds), ours, theirs]).map(ns => ns / 1e3)
  const calls = run(program, ['call', String(Math.max(Math.round(rounds / 4), 25)), '-', ours, theirs])
  const by = at => Object.fromEntries(['getppid', 'personality', 'reboot'].map((name, i) => [name, calls[3 * at + i]]))
  return {
    profile: source.path,
    ours: { instructions: readFileSync(ours).length / 8, compile: median(times.ours), install: installOurs, call: by(1) },
    theirs: { instructions: readFileSync(theirs).length / 8, compile: median(times.theirs), install: installTheirs, call: by(2) },
    none: by(0),
  }
}

const run = (program, argv) => execFileSync(program, argv, { encoding: 'utf8' }).trim().split('\n').map(Number)
const median = values => values.toSorted((a, b) => a - b)[values.length >> 1]

/** The rules as bench/filter.c reads them; those that say what the default says are left out, as runc does. */
function asRules(policy) {
  const test = ({ arg, mask, operator, value }) => (mask === ALL ? `${arg} ${operator} ${value} 0` : `${arg} & ${mask} ${value}`)
  const lines = policy.rules.flatMap(rule => rule.alternatives.flatMap(tests => [...rule.calls].map(call => ['rule', rule.action, call, ...tests.map(test)].join(' '))))
  return `${[`default ${policy.default}`, ...lines].join('\n')}\n`
}
