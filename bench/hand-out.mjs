// Handing out a cached tree: `node bench/hand-out.mjs [ROUNDS]`, as root, with a static busybox. The same container from the cache (an
// overlay, the tree's lock held) and from a bare directory, by turns, medians of the differences of pairs. What is MISSED is
// explained in docs/performance.md.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const rounds = Number(process.argv[2] ?? 30)
const LIMIT = 10
const folder = mkdtempSync('/dev/shm/hand-out-')
const node = process.execPath
const cli = tool => `'${node}' '${join(import.meta.dirname, '../packages', tool, 'dist/bin', `${tool}.mjs`)}'`
const env = { PATH: '/usr/bin:/bin', SRCON_CACHE: join(folder, 'cache') }

function milliseconds(line) {
  const start = performance.now()
  const { status, stderr } = spawnSync('sh', ['-c', line], { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${line}\n${stderr}`)
  return performance.now() - start
}

const median = list => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN

try {
  // An archive with a given sum: busybox as a source reads the host's program each time.
  const made = execFileSync('sh', ['-c', `${cli('rootfs-fetch')} busybox`], { env, encoding: 'utf8' }).trim()
  const [sum] = execFileSync('sh', ['-c', `tar -C ${made} -cf ${folder}/x.tar . && sha512sum ${folder}/x.tar`], { encoding: 'utf8' }).split(' ')
  const source = `tar ${folder}/x.tar --sha512=${sum}`
  const tree = execFileSync('sh', ['-c', `${cli('rootfs-fetch')} ${source}`], { env, encoding: 'utf8' }).trim()
  const bare = join(folder, 'bare')
  cpSync(tree, bare, { recursive: true, verbatimSymlinks: true })
  const chain = (root, more) => `${cli('chroot-fs')} ${root} ${more} --proc -- /bin/true`
  const filter = source => `${cli('rootfs-fetch')} ${source} --config new | ${cli('chroot-fs')} --proc | ${cli('srcon')} run -- /bin/true`
  const pairs = {
    'chain: chroot-fs TREE --overlay / chroot-fs DIR': [chain(tree, '--overlay'), chain(bare, ''), LIMIT],
    'filter: rootfs-fetch tar FILE | chroot-fs | srcon run / the same with dir DIR': [filter(source), filter(`dir ${bare}`), LIMIT],
    'rootfs-fetch tar FILE / rootfs-fetch dir DIR': [`${cli('rootfs-fetch')} ${source}`, `${cli('rootfs-fetch')} dir ${bare}`, LIMIT],
    'rootfs-fetch tar FILE / node -e 0': [`${cli('rootfs-fetch')} ${source}`, `'${node}' -e 0`],
  }
  let missed = 0
  console.log(`${rounds} pairs each; milliseconds: medians of cached and bare, median of the differences, difference of the minima`)
  for (const [name, [cached, other, limit]] of Object.entries(pairs)) {
    const [a, b] = [[], []]
    for (let i = 0; i < rounds; i++) {
      a.push(milliseconds(cached))
      b.push(milliseconds(other))
    }
    const more = median(a.map((each, i) => each - b[i]))
    const promise = limit === undefined ? '' : `   limit ${limit}${more > limit ? '   MISSED' : ''}`
    if (limit !== undefined && more > limit) missed++
    console.log(`  ${name.padEnd(80)} ${median(a).toFixed(1).padStart(7)} ${median(b).toFixed(1).padStart(7)} ${more.toFixed(1).padStart(7)} ${(Math.min(...a) - Math.min(...b)).toFixed(1).padStart(7)}${promise}`)
  }
  process.exitCode = missed > 0 ? 1 : 0
} finally {
  rmSync(folder, { recursive: true, force: true })
}
