// Side by side with the peers, in one run, by turns, medians: a busy machine is busy for all of them, so ratios hold
// where milliseconds do not. Run as root (namespaces without a user namespace). usage: npm run bench [-- ROUNDS]
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { filters } from './filter.mjs'
import { bundle, has, prepare } from './programs.mjs'

const repository = join(import.meta.dirname, '..')
const rounds = Number(process.argv[2] ?? 200)
const node = process.execPath
const env = { ...process.env }
delete env.NODE_EXTRA_CA_CERTS
delete env.NODE_OPTIONS

const launch = join(repository, 'packages/launcher/bin', `srcon-launch-${process.arch}`)
const { dir, root, stamp, floor, toExec, plans } = prepare()
let missed = 0
try {
  console.log(`${rounds} rounds each; ratios are of medians; "limit" is what the project promises\n`)
  launcher()
  library()
  commandLines()
  await filter()
} finally {
  rmSync(dir, { recursive: true, force: true })
}
console.log(missed ? `\n${missed} above their limit: see docs/performance.md` : '\nall within their limits')

/** Prints one ratio, and whether it holds. */
function ratio(name, value, limit, unit = '') {
  const holds = limit === undefined || value <= limit
  if (!holds) missed++
  const promise = limit === undefined ? '' : `   limit ${limit}${unit}${holds ? '' : '   MISSED'}`
  console.log(`  ${name.padEnd(58)} ${value.toFixed(2).padStart(7)}${unit}${promise}`)
}

/** From just before execve to the command, and to the end: C starts C, no Node anywhere. */
function launcher() {
  const contenders = {
    exec: [stamp],
    floor: [floor, root, '/stamp'],
    empty: [launch, plans.empty, '--', stamp],
    container: [launch, plans.container, '--', '/stamp'],
    init: [launch, plans.init, '--', '/stamp'],
    ...(has('bwrap') ? { bwrap: ['/usr/bin/bwrap', '--unshare-pid', '--unshare-uts', '--unshare-ipc', '--bind', root, '/', '--proc', '/proc', '/stamp'] } : {}),
    ...(has('unshare') ? { unshare: ['/usr/bin/unshare', '-pfmui', `--root=${root}`, '/stamp'] } : {}),
    ...(has('runc') ? { runc: ['/usr/sbin/runc', 'run', '-b', bundle(dir, root), `srcon-bench-${process.pid}`] } : {}),
  }
  const words = Object.entries(contenders).flatMap(([name, argv]) => [name, ...argv, ','])
  const table = new Map()
  for (const line of execFileSync(toExec, [String(rounds), ...words], { encoding: 'utf8', env }).trim().split('\n')) {
    const [name, ...figures] = line.split(' ')
    table.set(name, figures.map(Number))
  }
  console.log('launcher, from execve until the command runs / until all is over, ms (minimum, median)')
  for (const [name, [a, b, c, d]] of table) console.log(`  ${name.padEnd(12)} ${[a, b, c, d].map(us => (us / 1e3).toFixed(3).padStart(8)).join('')}`)
  const of = (name, at) => table.get(name)?.[at] ?? NaN
  ratio('container, above the kernel\'s own work (minimum)', (of('container', 0) - of('floor', 0)) / 1e3, 0.15, ' ms')
  for (const [peer, limit] of [['bwrap', 0.3], ['unshare'], ['runc']]) if (table.has(peer)) ratio(`container / ${peer}`, of('container', 3) / of(peer, 3), limit)
  console.log()
}

/** From Node, small and large. */
function library() {
  for (const [megabytes, limit] of [[50, 0.8], [500, 0.15]]) {
    const script = join(import.meta.dirname, 'library.mjs')
    const out = execFileSync(node, [script, String(megabytes), root, String(Math.ceil(rounds / 2))], { encoding: 'utf8', env })
    const found = JSON.parse(out)
    const figures = ['spawn', 'container', 'bwrap'].filter(name => found[name]).map(name => `${name} ${found[name].toFixed(2)}`)
    console.log(`library at ${found.rss} MB of RSS, ms (median): ${figures.join(', ')}`)
    ratio('container / child_process.spawn(\'/bin/true\')', found.container / found.spawn, limit)
    if (found.bwrap) ratio('container / bwrap spawned from Node', found.container / found.bwrap, 0.3)
  }
  console.log()
}

/** Docker's profile for three ways in, beside libseccomp's tree. */
async function filter() {
  const { why, profile, ours, theirs, none } = await filters(dir, rounds)
  if (why) return console.log(`\nfilter: skipped, ${why}`)
  const figures = ({ instructions, compile, install }) => `${instructions} instructions, ${compile.toFixed(3)} ms to compile, ${install.toFixed(1)} us to install`
  const calls = each => Object.entries(each).map(([name, ns]) => `${name} ${ns.toFixed(0)}`).join(', ')
  console.log(`\nfilter of ${profile} for three ways in (medians)\n  ours         ${figures(ours)}\n  libseccomp   ${figures(theirs)}`)
  for (const [name, each] of [['none', none], ['ours', ours.call], ['libseccomp', theirs.call]]) console.log(`  ns a call, ${name.padEnd(10)} ${calls(each)}`)
  ratio('instructions', ours.instructions, 320)
  ratio('instructions / libseccomp', ours.instructions / theirs.instructions, 0.25)
  ratio('compile, parsing included', ours.compile, 1, ' ms')
  ratio('compile / libseccomp', ours.compile / theirs.compile, 0.07)
  ratio('install', ours.install, 100, ' us')
  ratio('install / libseccomp', ours.install / theirs.install, 0.4)
  // Two equal filters differ by some percent from run to run.
  for (const name of Object.keys(none)) ratio(`${name} / libseccomp`, ours.call[name] / theirs.call[name], 1.05)
}

/** Whole command lines, each a Node of its own. */
function commandLines() {
  const bin = join(dir, 'bin')
  mkdirSync(bin)
  for (const name of readdirSync(join(repository, 'packages'))) {
    try {
      symlinkSync(join(repository, 'packages', name, 'dist/bin', `${name}.mjs`), join(bin, name))
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
  }
  const with_ = { ...env, PATH: `${bin}:${env.PATH}` }
  const link = ['caps', '--drop', 'net_raw', '--']
  const four = ['ns-unshare', '--uts', '--', 'chroot-fs', '/', '--', ...link, 'seccomp-filter', '--profile', 'default', '--']
  const five = ['cgroup-ctl', '--pids', '100', '--', ...four]
  // What these two cost without Node: the kernel's part, and the launcher's.
  const saved = (name, argv) => {
    const file = join(dir, `${name}.plan`)
    writeFileSync(file, execFileSync(node, [join(bin, argv[0]), ...argv.slice(1)], { env: with_, stdio: ['ignore', 'pipe', 'inherit'] }))
    return [launch, file]
  }
  const contenders = {
    node: [node, '-e', '0'],
    link: [node, join(bin, 'caps'), ...link.slice(1), stamp],
    four: [node, join(bin, four[0]), ...four.slice(1), stamp],
    five: [node, join(bin, five[0]), ...five.slice(1), stamp],
    run: [node, join(bin, 'srcon'), 'run', '--', '/bin/true'],
    'five-saved': saved('five', [...five.slice(0, -1), '--plan', '--', stamp]),
    'run-saved': saved('run', ['srcon', 'plan', '--', '/bin/true']),
  }
  const times = Object.fromEntries(Object.keys(contenders).map(name => [name, []]))
  for (let round = -1; round < Math.ceil(rounds / 5); round++) {
    for (const [name, [file, ...argv]] of Object.entries(contenders)) {
      const before = performance.now()
      const { status, stderr } = spawnSync(file, argv, { env: with_, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' })
      if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`)
      if (round >= 0) times[name].push(performance.now() - before)
    }
  }
  const of = name => times[name].toSorted((a, b) => a - b)[times[name].length >> 1]
  console.log(`command lines, ms (median): ${Object.keys(times).map(name => `${name} ${of(name).toFixed(1)}`).join(', ')}`)
  ratio('folded chain of five / one link', of('five') / of('link'), 1.25)
  ratio('the same without the kernel\'s part (five - five-saved)', (of('five') - of('five-saved')) / of('link'))
  ratio('chain of four, without cgroup-ctl / one link', of('four') / of('link'))
  ratio('cold srcon run / node -e 0', of('run') / of('node'), 1.5)
  ratio('the same without the kernel\'s part (run - run-saved)', (of('run') - of('run-saved')) / of('node'))
}
