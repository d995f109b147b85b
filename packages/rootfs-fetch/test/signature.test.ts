// Signatures: a good one, and every way in which one is not: no file, wrong bytes, unknown, expired and revoked keys, a text
// that was changed. The keys are made here; the publishers' fingerprints stay pinned.
import { readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { fetchRootfs, type FetchOptions } from '../src/index.ts'
import { verifyCleartext, verifyDetached } from '../src/openpgp.ts'
import { makeKey } from './fixtures/keys.ts'
import { arch, layMirror, nameOf, scratch, smallRoot } from './fixtures/scratch.ts'
import { serve } from './fixtures/server.ts'

const LONG_AGO = new Date('2021-01-01')
const YEAR = 365 * 86_400

async function lay(t: Test, branch = 'v3.22', version = '3.22.1') {
  const folder = scratch(t)
  const bytes = await smallRoot(folder, version)
  const mirror = layMirror(join(folder, 'mirror'), branch, { [version]: bytes })
  const asc = join(mirror, `${branch}/releases/${arch}/${nameOf(version)}.asc`)
  const options = (key: string, more: FetchOptions = {}): FetchOptions => ({ mirror, key, cache: join(folder, `cache-${asc.length}`), ...more })
  return { folder, bytes, mirror, asc, options, at: join(mirror, `${branch}/releases/${arch}/${nameOf(version)}`) }
}

t.test('alpine: signed, by a key of the user\'s choice', async t => {
  const { folder, bytes, asc, options, mirror } = await lay(t)
  const key = await makeKey(folder)
  writeFileSync(asc, await key.sign(bytes))
  const { url } = await serve(t, mirror)
  const first = await fetchRootfs('alpine:3.22', options(key.file, { mirror: url }))
  t.match(first, { verified: ['signature', 'mirror'], signedBy: key.fingerprint, cached: false })
  t.match(first.warnings.join('\n'), /is not Alpine's own, 0482D84022F52DF1C4E7CD43293ACD0907D9495A/)
  t.notMatch(first.warnings.join('\n'), /plain http/)
  t.match(await fetchRootfs('alpine:3.22.1', options(key.file)), { cached: true, signedBy: key.fingerprint, verified: ['signature', 'mirror'] }, 'remembered')
  const unsigned = await fetchRootfs('alpine:3.22', { mirror: url, cache: join(folder, 'other') })
  t.match(unsigned, { verified: ['mirror'], signedBy: undefined }, 'without a key the sum only, and it is said')
  t.match(unsigned.warnings.join(), /damage, not forgery/)
  t.match(await fetchRootfs('alpine:3.22', { ...options(key.file), cache: join(folder, 'other') }), { cached: true, signedBy: key.fingerprint }, 'a tree that is there is looked at once more')
})

t.test('refused, and nothing is kept', async t => {
  const { folder, bytes, asc, options } = await lay(t)
  const key = await makeKey(folder)
  const expired = await makeKey(folder, { born: LONG_AGO, expires: YEAR })
  const revoked = await makeKey(folder, { revoked: true })
  const cases: [string, string | Uint8Array, string, RegExp][] = [
    ['right sum, wrong signature', await key.sign(Buffer.from('else')), key.file, /the signature of [0-9A-F]{40} does not fit/],
    ['unknown key', await (await makeKey(folder)).sign(bytes), key.file, /signed by the unknown key [0-9A-F]{16}, expected 0482D84022F5/],
    ['expired key', await expired.sign(bytes), expired.file, /the key [0-9A-F]{40} expired on 2022-01-01/],
    ['revoked key', await revoked.sign(bytes), revoked.file, /the key [0-9A-F]{40} was revoked/],
    ['no signature in it', 'hello', key.file, /cannot be read/],
  ]
  for (const [name, signature, file, why] of cases) {
    writeFileSync(asc, signature)
    await t.rejects(fetchRootfs('alpine:3.22', options(file)), { code: 'E_SIGNATURE', message: /is not signed as it must be/, why }, name)
  }
  unlinkSync(asc)
  await t.rejects(fetchRootfs('alpine:3.22', options(key.file)), { code: 'E_SIGNATURE', why: /there is no .*\.asc/ })
  writeFileSync(asc, await key.sign(bytes))
  await t.rejects(fetchRootfs('alpine:3.22', options(join(folder, 'none'))), { code: 'ENOENT', message: /cannot read the key/ })
  await t.rejects(fetchRootfs('alpine:3.22', options(import.meta.filename)), { code: 'E_INPUT', message: /holds no OpenPGP key/ })
  t.match(await fetchRootfs('alpine:3.22', options(key.file)), { signedBy: key.fingerprint }, 'positive control')
})

t.test('a key that expired after the end of the release passes, and is told', async t => {
  const { folder, bytes, asc, options } = await lay(t, 'v3.8', '3.8.5')
  const expired = await makeKey(folder, { born: LONG_AGO, expires: YEAR })
  writeFileSync(asc, await expired.sign(bytes))
  const { warnings, signedBy } = await fetchRootfs('alpine:3.8', options(expired.file))
  t.equal(signedBy, expired.fingerprint)
  t.match(warnings.join('\n'), /no security updates since 2020-05-01/)
  writeFileSync(asc, await expired.sign(bytes, new Date('2024-01-01')).catch(() => ''))
  await t.rejects(fetchRootfs('alpine:3.8', { ...options(expired.file), cache: join(folder, 'again') }), { code: 'E_SIGNATURE' }, 'not if it signed after that')
})

t.test('cleartext: only what was signed counts', async t => {
  const folder = scratch(t)
  const key = await makeKey(folder)
  const trust = { keyFile: key.file, publisher: { name: 'Test', fingerprint: key.fingerprint } }
  const text = await key.clear('Suite: stable\nSHA256: abc\n')
  t.match(await verifyCleartext('InRelease', text, trust), { signedBy: key.fingerprint, warnings: [], text: /^Suite: stable\nSHA256: abc/ })
  await t.rejects(verifyCleartext('InRelease', text.replace('abc', 'abd'), trust), { code: 'E_SIGNATURE', why: /does not fit/ }, 'mutated')
  const around = await verifyCleartext('InRelease', `Suite: evil\n${text}`, trust).catch((error: unknown) => error as { text?: string; code?: string })
  t.notMatch(around.text ?? '', /evil/)
  await t.rejects(verifyCleartext('InRelease', 'Suite: stable\n', trust), { code: 'E_SIGNATURE' })
  await t.rejects(verifyDetached('x', Buffer.from('a'), Buffer.from(readFileSync(key.file)), trust), { code: 'E_SIGNATURE' })
})

t.test('a keyring of the distribution: only the pinned key counts', async t => {
  const folder = scratch(t)
  const [key, other] = [await makeKey(folder), await makeKey(folder)]
  const data = Buffer.from('sums')
  const trust = { keyFile: other.file, pinnedOnly: true, publisher: { name: 'Test', fingerprint: key.fingerprint } }
  await t.rejects(verifyDetached('SUMS', data, Buffer.from(await other.sign(data)), trust), { code: 'E_SIGNATURE', why: /unknown key/ })
  t.match(await verifyDetached('SUMS', data, Buffer.from(await key.sign(data)), { ...trust, keyFile: key.file }), { signedBy: key.fingerprint })
})
