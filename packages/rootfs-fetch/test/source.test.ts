// What needs no host: words to sources, names to versions, lines to sums, configs.
import t from 'tap'
import { withRoot } from '../src/config.ts'
import { defaultCache } from '../src/cache.ts'
import { loadSource, splitSource } from '../src/source.ts'
import { alpineArch, pick } from '../src/source/alpine/releases.ts'
import { parseSums, readSum, verifyDigest } from '../src/digest.ts'
import { scanLink } from '@srcon/kit/scan'
import { readWish, table } from '../src/options.ts'

t.test('sources', async t => {
  const read = async (word: string, file?: string) => {
    const parts = splitSource(word, file)
    return (await loadSource(parts)).read(parts, {}).source
  }
  t.equal(await read('alpine'), 'alpine')
  for (const word of ['alpine:3.20', 'alpine:edge', 'alpine:latest']) t.equal(await read(word), word)
  t.equal(await read('tar', './x.tar.gz'), 'tar:./x.tar.gz')
  t.equal(await read('tar:a:b'), 'tar:a:b')
  for (const [word, file] of [['alpine:'], ['alpine:3'], ['alpine:../x'], ['alpine:3.20/..'], ['alpine', 'x'], ['tar'], ['tar:'], ['tar:a', 'b'], ['plan9'], ['']] as const)
    await t.rejects(read(word, file), { code: 'E_USAGE' }, `${word} ${file ?? ''}`)
  await t.rejects(read('alpin'), { code: 'E_USAGE', hint: 'did you mean alpine?', name: 'ToolError', message: /unknown source/ })
})

t.test('options', async t => {
  const wish = (...words: string[]) => readWish(scanLink(table, words, false).link)
  t.match(wish('alpine:3.20', '--mirror', './m', '--max-bytes', '1G', '-q'), { quiet: true, options: { mirror: './m', maxBytes: 2 ** 30, devices: 'skip', insecure: false } })
  t.throws(() => wish('tar', 'x', '--mirror', 'm'), { code: 'E_USAGE', message: /--mirror is not for tar/ })
  t.throws(() => wish('alpine', '--devices', 'make'), { code: 'E_USAGE' })
  t.throws(() => wish('alpine', '--max-entries', '1e3'), { code: 'E_USAGE' })
})

t.test('the newest of a branch', async t => {
  const names = ['3.9.6', '3.20.2', '3.20.10', '3.20.3', '3.21.0_rc1', '3.19.1'].map(version => `alpine-minirootfs-${version}-x86_64.tar.gz`)
  const more = [...names, 'alpine-minirootfs-3.22.0-aarch64.tar.gz', 'alpine-standard-3.23.0-x86_64.iso', 'alpine-minirootfs-3.20.3-x86_64.tar.gz.sha512']
  t.equal(pick(more, undefined, 'x86_64'), '3.20.10')
  t.equal(pick(more, '3.20', 'x86_64'), '3.20.10')
  t.equal(pick(more, '3.2', 'x86_64'), undefined, '3.2 is not 3.20')
  t.equal(pick(more, '3.20.2', 'x86_64'), '3.20.2')
  t.equal(pick(more, '3.21', 'x86_64'), undefined, 'no candidate unless asked for')
  t.equal(pick(more, '3.21.0_rc1', 'x86_64'), '3.21.0_rc1')
  t.equal(pick(more, undefined, 'aarch64'), '3.22.0')
  t.equal(alpineArch('arm64'), 'aarch64')
})

t.test('sums', async t => {
  const [a, b] = ['a'.repeat(128), 'B'.repeat(128)]
  const sums = parseSums('sha512', `${a}  x.tar.gz\n${b} *./y.tar.gz\r\nshort  z\n# note\n`)
  t.strictSame([...sums], [['x.tar.gz', `sha512:${a}`], ['y.tar.gz', `sha512:${'b'.repeat(128)}`]])
  t.equal(parseSums('sha512', a).get(''), `sha512:${a}`, 'a sum alone')
  t.strictSame([...parseSums('sha256', `${a}  x\n${'c'.repeat(64)}  y\n`)], [['y', `sha256:${'c'.repeat(64)}`]], 'of its own length')
  t.equal(readSum('--sha512', 'sha512', b), `sha512:${'b'.repeat(128)}`)
  t.throws(() => readSum('--sha512', 'sha512', 'sha512:abc'), { code: 'E_USAGE' })
  t.throws(() => verifyDigest('x', `sha512:${a}`, `sha512:${'c'.repeat(128)}`, 'the mirror'), { code: 'E_CHECKSUM' })
  t.doesNotThrow(() => verifyDigest('x', `sha512:${a}`, `sha512:${a}`, 'the mirror'))
})

t.test('a config keeps what is not ours', async t => {
  const config = { ociVersion: '1.2.0', root: { path: '/old', readonly: true }, hostname: 'box', vendor: { x: [1] } }
  t.strictSame(withRoot(config, '/new'), { ...config, root: { path: '/new', readonly: true } })
})

t.test('where the cache is', async t => {
  t.equal(defaultCache({ SRCON_CACHE: '/c', XDG_CACHE_HOME: '/x' }), '/c')
  t.equal(defaultCache({ XDG_CACHE_HOME: '/x' }), '/x/srcon')
  t.match(defaultCache({ XDG_CACHE_HOME: 'relative' }), /^\/.*\/\.cache\/srcon$/)
})
