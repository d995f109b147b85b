// What needs no host: words to sources, names to versions, lines to sums, configs.
import t from 'tap'
import { withRoot } from '../src/config.ts'
import { defaultCache } from '../src/cache.ts'
import { parseSource } from '../src/source.ts'
import { alpineArch, pick } from '../src/source/alpine.ts'
import { parseSums, readSum, verifySum } from '../src/sums.ts'
import { scanLink } from '@srcon/kit/scan'
import { readWish, table } from '../src/options.ts'

t.test('sources', async t => {
  t.strictSame(parseSource('alpine'), { kind: 'alpine', version: undefined })
  t.strictSame(parseSource('alpine:3.20'), { kind: 'alpine', version: '3.20' })
  t.strictSame(parseSource('alpine:edge'), { kind: 'alpine', version: 'edge' })
  t.strictSame(parseSource('tar', './x.tar.gz'), { kind: 'tar', file: './x.tar.gz' })
  t.strictSame(parseSource('tar:a:b'), { kind: 'tar', file: 'a:b' })
  for (const [word, file] of [['alpine:'], ['alpine:3'], ['alpine:../x'], ['alpine:3.20/..'], ['alpine', 'x'], ['tar'], ['tar:'], ['tar:a', 'b'], ['debian'], ['']] as const)
    t.throws(() => parseSource(word, file), { code: 'E_USAGE' }, `${word} ${file ?? ''}`)
})

t.test('options', async t => {
  const wish = (...words: string[]) => readWish(scanLink(table, words, false).link)
  t.match(wish('alpine:3.20', '--mirror', './m', '--max-bytes', '1G', '-q'), { quiet: true, options: { mirror: './m', maxBytes: 2 ** 30, devices: 'skip', insecure: false } })
  t.throws(() => wish('tar', 'x', '--mirror', 'm'), { code: 'E_USAGE', message: /--mirror is for alpine/ })
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
  const sums = parseSums(`${a}  x.tar.gz\n${b} *./y.tar.gz\r\nshort  z\n# note\n`)
  t.strictSame([...sums], [['x.tar.gz', a], ['y.tar.gz', 'b'.repeat(128)]])
  t.equal(parseSums(a).get(''), a, 'a sum alone')
  t.equal(readSum('--sha512', b), 'b'.repeat(128))
  t.throws(() => readSum('--sha512', 'sha512:abc'), { code: 'E_USAGE' })
  t.throws(() => verifySum('x', a, 'c'.repeat(128), 'the mirror'), { code: 'E_CHECKSUM' })
  t.doesNotThrow(() => verifySum('x', a, a, 'the mirror'))
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
