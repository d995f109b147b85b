// An image from a registry to a tree, beside skopeo and umoci: `node bench/pull.mjs`, in memory, by turns, best of 3. Needs Debian's
// docker-registry, skopeo and umoci. The image has three layers of this machine's /usr. As root, so that both give owners.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'

const ROUNDS = 3
const LIMIT = 0.7
/** Most that the process may need more than for an image of a few files. Megabytes. */
const MEMORY = 64
const parts = ['usr/bin', 'usr/share/doc', 'usr/lib/python3']
const small = ['usr/share/doc/tar']
const index = join(import.meta.dirname, '../packages/rootfs-fetch/dist/index.js')

/** In a process of its own: prints the most kilobytes that it had. */
const worker = `
const { readFileSync } = await import('node:fs')
const { fetchRootfs } = await import(process.argv[1])
await fetchRootfs(process.argv[2], { cache: process.argv[3], devices: 'keep' })
console.log(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1])`

function run(program, words) {
  const ended = spawnSync(program, words, { encoding: 'utf8' })
  if (ended.status !== 0) throw new Error(`${program} ${words.join(' ')}: ${ended.error?.message ?? ended.stderr}`)
  return ended.stdout
}

/** A layer of each directory, and their config, as an OCI layout. */
function layout(folder, parts) {
  const blobs = join(folder, 'blobs/sha256')
  mkdirSync(blobs, { recursive: true })
  const add = (bytes, mediaType) => {
    const hex = createHash('sha256').update(bytes).digest('hex')
    writeFileSync(join(blobs, hex), bytes)
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length }
  }
  const diffIds = []
  let plain = 0
  const layers = parts.map(part => {
    const tar = join(folder, 'layer.tar')
    run('tar', ['-cf', tar, '--numeric-owner', '-C', '/', part])
    plain += statSync(tar).size
    diffIds.push(`sha256:${run('sha256sum', [tar]).slice(0, 64)}`)
    run('gzip', ['-f', tar])
    return add(readFileSync(`${tar}.gz`), 'application/vnd.oci.image.layer.v1.tar+gzip')
  })
  rmSync(join(folder, 'layer.tar.gz'))
  const type = 'application/vnd.oci.image'
  const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch] ?? process.arch
  const config = add(Buffer.from(JSON.stringify({ architecture, os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: diffIds } })), `${type}.config.v1+json`)
  const manifest = add(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: `${type}.manifest.v1+json`, config, layers })), `${type}.manifest.v1+json`)
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations: { 'org.opencontainers.image.ref.name': '1' } }] }))
  return { plain, packed: layers.reduce((sum, { size }) => sum + size, 0) }
}

/** On a port of this machine, with its storage in `folder`. */
async function registry(folder) {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  mkdirSync(folder)
  const file = join(folder, 'config.yml')
  writeFileSync(file, JSON.stringify({ version: '0.1', log: { level: 'error' }, storage: { filesystem: { rootdirectory: folder } }, http: { addr: `127.0.0.1:${port}` } }))
  const child = spawn('docker-registry', ['serve', file], { stdio: 'ignore' })
  await once(child, 'spawn')
  const there = () => new Promise(resolve => connect(port, '127.0.0.1').on('connect', () => resolve(true)).on('error', () => resolve(false)))
  for (let i = 0; i < 200 && !(await there()); i++) await new Promise(resolve => setTimeout(resolve, 50))
  return { host: `127.0.0.1:${port}`, child }
}

const folder = mkdtempSync('/dev/shm/pull-')
let server
try {
  const { plain, packed } = layout(join(folder, 'image'), parts)
  layout(join(folder, 'small'), small)
  server = await registry(join(folder, 'registry'))
  const [name, least] = ['image', 'small'].map(each => {
    const there = `docker://${server.host}/${each}:1`
    run('skopeo', ['copy', '--insecure-policy', '-q', '--dest-tls-verify=false', `oci:${join(folder, each)}:1`, there])
    return there
  })
  const ours = (image, cache) => Number(run(process.execPath, ['--input-type=module', '-e', worker, index, image, cache]))
  console.log(`${parts.length} layers, ${(packed / 1e6).toFixed(0)} MB, ${(plain / 1e6).toFixed(0)} MB unpacked`)
  const best = { theirs: Infinity, pull: Infinity, ours: Infinity, most: 0, least: Infinity }
  for (let i = 0; i < ROUNDS; i++) {
    const [copy, bundle, cache] = ['copy', 'bundle', 'cache'].map(each => join(folder, each))
    const start = performance.now()
    run('skopeo', ['copy', '--insecure-policy', '-q', '--src-tls-verify=false', name, `oci:${copy}:1`])
    const pulled = performance.now()
    run('umoci', ['unpack', '--image', `${copy}:1`, bundle])
    best.theirs = Math.min(best.theirs, (performance.now() - start) / 1000)
    best.pull = Math.min(best.pull, (pulled - start) / 1000)
    for (const each of [copy, bundle]) rmSync(each, { recursive: true })
    const begin = performance.now()
    best.most = Math.max(best.most, ours(name, cache))
    best.ours = Math.min(best.ours, (performance.now() - begin) / 1000)
    best.least = Math.min(best.least, ours(least, cache))
    rmSync(cache, { recursive: true })
  }
  const ratio = best.ours / best.theirs
  const grown = (best.most - best.least) / 1024
  const missed = ratio > LIMIT || grown > MEMORY
  console.log(`skopeo + umoci ${best.theirs.toFixed(2)} s (skopeo ${best.pull.toFixed(2)} s), rootfs-fetch ${best.ours.toFixed(2)} s = ${ratio.toFixed(2)} (limit ${LIMIT}); memory ${grown.toFixed(0)} MB more than for ${small.length} layer of a few files (limit ${MEMORY})${missed ? ' MISSED' : ''}`)
  process.exitCode = missed ? 1 : 0
} finally {
  if (server?.child.exitCode === null) {
    server.child.kill('SIGKILL')
    await once(server.child, 'exit')
  }
  rmSync(folder, { recursive: true, force: true })
}
