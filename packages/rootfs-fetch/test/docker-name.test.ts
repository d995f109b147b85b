// That a name means the same wherever it is written again: in a report, in a lock file, in the cache; and that --offline asks nobody.
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { withSource } from '../src/fetch.ts'
import { fetchRootfs } from '../src/index.ts'
import { nameOf, readReference } from '../src/source/docker/reference.ts'
import { fake, hurried, passwords, send } from './fixtures/fake-registry.ts'
import { scratch } from './fixtures/scratch.ts'

t.test('a name that is written again is the same name', async t => {
  const paths = ['alpine', 'library/alpine', 'library/a/b', 'library/library', 'a/b', 'foo.bar/x', 'localhost/x', 'localhost', 'foo.bar', 'library/foo.bar/x', 'library/localhost/x']
  const words = [...paths, ...paths.map(path => `docker.io/${path}`), ...paths.map(path => `quay.io/${path}`), 'localhost/library/x', '[::1]:5000/library/x', 'localhost:5000/a.b/c']
  for (const word of words) {
    for (const rest of ['', ':1', `@sha256:${'a'.repeat(64)}`, `:1@sha512:${'b'.repeat(128)}`]) {
      const reference = readReference(word + rest)
      t.strictSame(readReference(nameOf(reference).slice('docker://'.length)), reference, `${word}${rest.slice(0, 12)} as ${nameOf(reference).slice(0, 60)}`)
    }
  }
  t.equal(nameOf(readReference('docker.io/library/alpine:3')), 'docker://alpine:3', 'the control: as short as can be')
})

t.test('a server may ask in several fields of one name', async t => {
  const folder = scratch(t)
  const registry = await fake(t)
  passwords(t, folder, { [registry.host]: 'alice:secret' })
  registry.answer = (request, response) => {
    if (request.headers.authorization !== undefined) return false
    response.writeHead(401, { 'www-authenticate': ['Negotiate', 'Basic realm="x"'] }).end()
    return true
  }
  t.match(await fetchRootfs(`docker://${registry.host}/x/y:1`, { ...hurried, cache: join(folder, 'cache') }), { cached: false })
})

t.test('what a digest names is had again where a part of it is gone', async t => {
  const folder = scratch(t)
  const cache = join(folder, 'cache')
  const registry = await fake(t)
  passwords(t, folder, {})
  const name = `docker://${registry.host}/x/y@${registry.image.digest}`
  await fetchRootfs(name, { ...hurried, cache })
  const before = registry.asked.length
  t.match(await fetchRootfs(name, { ...hurried, cache }), { cached: true, verified: ['digest'] })
  t.equal(registry.asked.length, before, 'whole, nobody is asked')
  // The archives make room; the tree stays, and does not do for another kind of tree.
  for (const blob of readdirSync(join(cache, 'blobs/sha256'))) rmSync(join(cache, 'blobs/sha256', blob))
  t.match(await fetchRootfs(name, { ...hurried, cache, stripSetId: true }), { cached: false, verified: ['digest'] })
})

t.test('--offline asks nobody, for a list neither', async t => {
  const folder = scratch(t)
  const registry = await fake(t)
  registry.answer = (_, response) => send(response, 200, {}, '{"tags":["a"]}')
  const options = { ...hurried, cache: join(folder, 'cache') }
  const list = async (offline: boolean) => await withSource(`docker://${registry.host}/x/y`, { ...options, offline }, async (wanted, ask) => await wanted.list?.(ask))
  t.equal((await list(false))?.length, 1, 'the control')
  const before = registry.asked.length
  await t.rejects(list(true), { code: 'E_USAGE', hint: /--offline/ })
  t.equal(registry.asked.length, before)
})
