// `--copy`: the tree is there whole or not at all, exact, the user's own; each refusal says why.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { copyTree, fetchRootfs } from '../src/index.ts'
import { readWish } from '../src/options.ts'
import { fetchSync } from './fixtures/run.ts'
import { archiveOf, put, scratch, sha512, smallRoot } from './fixtures/scratch.ts'
import { noSubIds, outer, subIdFile, USER, userFolder } from './fixtures/user.ts'

/** A line a file: everything that stat(1) and readlink(1) say of it, but its times of access and change. */
function dump(tree: string): string {
  const { stdout, status, stderr } = spawnSync('find', ['.', '-printf', '%p|%y|%m|%U:%G|%T@|%n|%s|%l\n'], { cwd: tree, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return stdout.split('\n').sort().join('\n').replaceAll(/\|d\|(.*)\|(\d+)\|(\d+)\|$/gm, '|d|$1|$2||')
}

async function archive(t: Test, fill = 0) {
  const folder = scratch(t, true)
  const bytes = await smallRoot(folder, 'copied', fill)
  const file = put(join(folder, 'x.tar.gz'), bytes)
  return { folder, words: ['tar', file, '--sha512', sha512(bytes)], how: { cache: join(folder, 'cache') } }
}

t.test('a copy of a cached tree is that tree', async t => {
  const { folder, words, how } = await archive(t)
  const cached = fetchSync(words, how).stdout.trim()
  const target = join(folder, 'own')
  const { status, stdout, stderr } = fetchSync([...words, '--copy', '-o', 'own', '--json'], { ...how, cwd: folder })
  t.equal(status, 0, stderr)
  t.match(JSON.parse(stdout), { path: target, use: 'own', cached: true, verified: ['pinned'], copied: { path: target, method: /copy|reflink/, entries: 6 } })
  t.equal(dump(target), dump(cached))
  const theirs = join(folder, 'theirs')
  spawnSync('cp', ['-a', cached, theirs])
  t.equal(dump(target), dump(theirs))
  // Its own: what is written here is not there.
  appendFileSync(join(target, 'etc/mark'), '!')
  t.strictSame([readFileSync(join(target, 'etc/mark'), 'utf8'), readFileSync(join(cached, 'etc/mark'), 'utf8')], ['copied!', 'copied'])
  // Nor does a container need an overlay to write to it.
  mkdirSync(join(folder, 'empty'))
  t.strictSame(JSON.parse(fetchSync([...words, '--copy', '-o', join(folder, 'empty'), '--config', 'new'], how).stdout), { ociVersion: '1.2.0', root: { path: join(folder, 'empty') } })
  t.strictSame(readdirSync(folder).filter(name => name.endsWith('.copying')), [])
})

t.test('hard links are no copy, and that is said', async t => {
  const { folder, words, how } = await archive(t)
  const { status, stdout, stderr } = fetchSync([...words, '--copy=hardlink', '-o', join(folder, 'own')], how)
  t.strictSame([status, stdout], [0, `${join(folder, 'own')}\n`])
  t.match(stderr, /own is no copy: its files are those of .*, so who writes to one, or changes its mode, changes the tree for everybody/)
  const cached = fetchSync(words, how).stdout.trim()
  t.equal(statSync(join(folder, 'own/etc/mark')).ino, statSync(join(cached, 'etc/mark')).ino)
  appendFileSync(join(folder, 'own/etc/mark'), '!')
// As after a download: an archive that lies here already is not kept once more.
  const [, file = '', , sum = ''] = words
  put(join(how.cache, 'blobs/sha512', sum), readFileSync(file))
  t.match(fetchSync(['verify', cached], how), { status: 125, stderr: /1 differ, first etc\/mark: (?:time|content)/ }, 'a change through it is found by verify, and only that')
})

t.test('what cannot be is said, and nothing is left', async t => {
  const { folder, words, how } = await archive(t)
  put(join(folder, 'full/file'), '')
  symlinkSync('/tmp', join(folder, 'link'))
  const fail = (args: readonly string[], says: RegExp): void => {
    t.match(fetchSync([...words, ...args], how), { status: 125, stdout: '', stderr: says }, args.join(' '))
  }
  fail(['--copy', '-o', join(folder, 'full')], /cannot copy to .*full: it is not empty[^]*never comes over something else/)
  fail(['--copy', '-o', join(folder, 'link')], /link: it is no directory/)
  fail(['--copy', '-o', join(folder, 'none/there')], /cannot copy to .*ENOENT/)
  t.equal(existsSync(how.cache), false, 'found out before anything is fetched')
  fail(['--copy'], /--copy needs a directory/)
  fail(['-o', 'x'], /-o is for a copy/)
  fail(['--copy=hardlnk', '-o', 'x'], /did you mean hardlink/)
  t.match(fetchSync(['host', '--copy', '-o', join(folder, 'x')], how), { status: 125, stderr: /the tree of this host is not copied/ })
  // /dev/shm and /tmp are two file systems where this can be tried.
  const elsewhere = mkdtempSync(join(tmpdir(), 'rootfs-fetch-copy-'))
  t.teardown(() => rmSync(elsewhere, { recursive: true }))
  if (statSync(elsewhere).dev !== statSync(folder).dev) {
    fail(['--copy=hardlink', '-o', join(elsewhere, 'x')], /EXDEV \(linkat\)[^]*different file systems[^]*--copy without =hardlink/)
    fail(['--copy=reflink', '-o', join(elsewhere, 'x')], /ioctl FICLONE[^]*cannot share their blocks[^]*--copy without =reflink/)
    t.match(fetchSync([...words, '--copy', '-o', join(elsewhere, 'x')], how), { status: 0 }, 'a copy goes anywhere')
    t.equal(dump(join(elsewhere, 'x')), dump(fetchSync(words, how).stdout.trim()))
  }
  const tree = fetchSync(words, how).stdout.trim()
  await t.rejects(copyTree(tree, join(tree, 'bin/x')), { code: 'E_REFUSED', message: /inside of what is copied/ })
  t.strictSame([...readdirSync(folder), ...readdirSync(elsewhere)].filter(name => name.endsWith('.copying')), [])
  t.throws(() => readWish({ verb: '', given: [{ name: 'copy', raw: '--copy' }], positionals: ['alpine'] } as never), { code: 'E_USAGE' })
})

t.test('killed, it leaves no target, and what it left goes with the next', async t => {
  const { folder, words, how } = await archive(t)
  const tree = fetchSync(words, how).stdout.trim()
  const big = join(folder, 'big')
  await copyTree(tree, big)
  // Something that takes a moment, as there is no event at its middle.
  for (let i = 0; i < 4000; i++) writeFileSync(join(big, `f${i}`), 'x'.repeat(20_000))
  const target = join(folder, 'target')
  const aside = join(folder, '.target.copying')
  const root = join(import.meta.dirname, '../src/index.ts')
  let half = 0
  for (let round = 0; round < 8 && half < 2; round++) {
    const child = spawn(process.execPath, ['--conditions=@srcon/source', '--input-type=module', '-e', `const { copyTree } = await import(${JSON.stringify(root)}); await copyTree(${JSON.stringify(big)}, ${JSON.stringify(target)})`], { stdio: 'ignore' })
    while (!existsSync(join(aside, 'f1')) && child.exitCode === null) await new Promise(resolve => setTimeout(resolve, 1))
    child.kill('SIGKILL')
    await once(child, 'exit')
    if (existsSync(target)) rmSync(target, { recursive: true })
    else if (existsSync(aside)) half++
  }
  t.ok(half >= 2, 'killed in the middle')
  t.equal(existsSync(target), false)
  const { warnings } = await copyTree(big, target)
  t.match(warnings, [/removed .*\.target\.copying, which a process that was killed had left/])
  t.equal(existsSync(aside), false)
  t.equal(dump(target), dump(big))
  // By a signal of its own.
  const stop = new AbortController()
  const seen: number[] = []
  const stopped = copyTree(big, join(folder, 'other'), { signal: stop.signal, onProgress: ({ entries = 0 }) => { seen.push(entries) } })
  while (!existsSync(join(folder, '.other.copying'))) await new Promise(resolve => setImmediate(resolve))
  stop.abort(new Error('enough'))
  await t.rejects(stopped, { message: 'enough' })
  t.strictSame(['other', '.other.copying'].map(name => existsSync(join(folder, name))), [false, false])
})

t.test('two at once: one copies, the other is told', async t => {
  const { folder, words, how } = await archive(t, 200)
  const tree = fetchSync(words, how).stdout.trim()
  const target = join(folder, 'own')
  const both = await Promise.allSettled([copyTree(tree, target), copyTree(tree, target)])
  const failures = both.flatMap(each => (each.status === 'rejected' ? [(each.reason as { code: string }).code] : []))
  t.ok(failures.length <= 1 && failures.every(code => ['E_BUSY', 'E_REFUSED', 'ENOTEMPTY'].includes(code)), failures.join())
  t.equal(dump(target), dump(tree))
})

t.test('as a library', async t => {
  const { folder, words, how } = await archive(t)
  const [, file = '', , sum = ''] = words
  const { path, use, copied } = await fetchRootfs(['tar', file], { sha512: sum, cache: how.cache, copy: { to: join(folder, 'own') } })
  t.strictSame([path, use, copied?.path], [join(folder, 'own'), 'own', path])
  t.equal(lstatSync(join(path, 'proc')).mode & 0o7777, 0o555)
})

t.test('an ordinary user copies with subordinate ids, in a user namespace', { skip: noSubIds }, async t => {
  const folder = scratch(t, true)
  const file = put(join(folder, 'x.tar.gz'), archiveOf({ path: 'etc/', type: 'Directory', uid: 33, mode: 0o700 }, { path: 'etc/secret', data: 'x', uid: 42, mode: 0o600 }, { path: 'su', data: 'y', uid: 7, mode: 0o4755 }))
  const mine = userFolder(folder)
  const how = { cache: join(mine, 'cache'), uid: USER, subids: subIdFile(folder) }
  const cached = fetchSync(['tar', file], how).stdout.trim()
  t.equal(statSync(join(cached, 'etc/secret')).uid, outer(42))
  for (const word of ['--copy', '--copy=hardlink']) {
    const target = join(mine, word)
    const { status, stderr } = fetchSync(['tar', file, word, '-o', target], how)
    t.equal(status, 0, stderr)
    t.equal(dump(target), dump(cached))
    t.equal(statSync(join(target, 'etc/secret')).uid, outer(42))
  }
  t.match(fetchSync(['tar', file, '--copy=reflink', '-o', '/proc/x'], how), { status: 125, stdout: '' })
  t.strictSame(readdirSync(mine).filter(name => name.endsWith('.copying')), [])
})
