// Unpacking beside GNU tar: `node bench/unpack.mjs [FILE.tar]`, in memory, by turns, best of 3. Without a file one is made of this
// machine's /usr, 300 MB or more. As root, so that both give owners. What is MISSED is explained in docs/performance.md.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

const ROUNDS = 3
const limits = { 'tar': 1, 'tar.gz': 0.7, 'tar.zst': 1 }
const addon = join(import.meta.dirname, `../packages/rootfs-fetch/native/rootfs-fetch.linux-${process.arch}-gnu.node`)

/** In a process of its own, so that its memory is its own: prints seconds and most kilobytes. */
const worker = `
const { openSync, readFileSync } = require('node:fs')
const [, addon, file, target, ...sums] = process.argv
const unpacking = new (require(addon).Unpacking)()
const failure = unpacking.open({ target, exactOwners: true, stripSetId: false, keepDevices: true, sync: false })
if (failure) throw new Error(failure.message)
const before = /VmRSS:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]
const start = process.hrtime.bigint()
unpacking.archive({ archive: openSync(file), layer: false, sums }).then(async ({ failure }) => {
  if (failure) throw new Error(failure.message)
  await unpacking.finish()
  const most = /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]
  console.log(JSON.stringify({ seconds: Number(process.hrtime.bigint() - start) / 1e9, grown: most - before }))
})`

function fresh(path) {
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path)
  return path
}

function ours(file, target, sums) {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', worker, addon, file, fresh(target), ...sums], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

function gnu(file, target) {
  fresh(target)
  const start = performance.now()
  const { status, stderr } = spawnSync('tar', ['--xattrs', '--xattrs-include=*', '--numeric-owner', '-xpf', file, '-C', target], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return (performance.now() - start) / 1000
}

const folder = mkdtempSync('/dev/shm/unpack-')
try {
  const tar = join(folder, 'x.tar')
  const given = process.argv[2]
  if (given === undefined) spawnSync('tar', ['-cf', tar, '--xattrs', '--numeric-owner', '-C', '/', 'usr'])
  else copyFileSync(given, tar)
  const size = statSync(tar).size
  console.log(`${(size / 1e6).toFixed(0)} MB${size < 300e6 ? ', less than the 300 MB that the limits are for' : ''}`)
  spawnSync('sh', ['-c', `gzip -kf ${tar}; zstd -qkf ${tar}`])
  let missed = 0
  for (const [form, limit] of Object.entries(limits)) {
    const file = join(folder, `x.${form}`)
    if (!existsSync(file)) continue
    const best = { gnu: Infinity, plain: Infinity, sha256: Infinity, grown: 0 }
    for (let i = 0; i < ROUNDS; i++) {
      best.gnu = Math.min(best.gnu, gnu(file, join(folder, 'tree')))
      const plain = ours(file, join(folder, 'tree'), [])
      best.plain = Math.min(best.plain, plain.seconds)
      best.grown = Math.max(best.grown, plain.grown)
      best.sha256 = Math.min(best.sha256, ours(file, join(folder, 'tree'), ['sha256', 'diffId']).seconds)
    }
    const ratio = best.plain / best.gnu
    if (ratio > limit) missed++
    console.log(`.${form}: GNU tar ${best.gnu.toFixed(2)} s, ours ${best.plain.toFixed(2)} s = ${ratio.toFixed(2)} (limit ${limit})${ratio > limit ? ' MISSED' : ''}; with SHA-256 of archive and tar ${best.sha256.toFixed(2)} s = ${(best.sha256 / best.gnu).toFixed(2)}; memory grew ${(best.grown / 1024).toFixed(0)} MB`)
  }
  process.exitCode = missed > 0 ? 1 : 0
} finally {
  rmSync(folder, { recursive: true, force: true })
}
