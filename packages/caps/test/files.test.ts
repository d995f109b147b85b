// Capabilities of files, beside getcap and setcap.
import { spawnSync } from 'node:child_process'
import { chownSync, cpSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fileCapabilities, filesUnder, removeFileCapabilities, setFileCapabilities, verifyFileCapabilities } from '../src/file-caps.ts'
import { caps, notRoot } from './fixtures/run.ts'

const run = (...words: string[]) => { const { status, stdout } = spawnSync(words[0] ?? '', words.slice(1), { encoding: 'utf8', env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin' } }); return { status, stdout } }
const noPeer = notRoot || (run('getcap', '-r', '/proc/self/ns').status === null ? 'libcap2-bin is not installed' : false)
const file = (): string => { const path = join(t.testdir({ program: 'x' }), 'program'); return path }

t.test('as getcap and setcap', { skip: noPeer }, async t => {
  const path = file()
  for (const text of ['cap_net_raw=ep', 'cap_chown,cap_net_raw=ip', '=', '=ep', 'cap_checkpoint_restore=p', 'cap_kill=eip', 'all=ep cap_kill-ep']) {
    t.equal(run('setcap', text, path).status, 0)
    const theirs = run('getcap', path).stdout
    t.equal(`${path} ${fileCapabilities(path)?.text}\n`, theirs, `read: ${text}`)
    t.ok(verifyFileCapabilities(path, text))
    removeFileCapabilities(path)
    t.equal(run('getcap', path).stdout, '', 'removed')
    setFileCapabilities(path, text)
    t.equal(run('getcap', path).stdout, theirs, `written: ${text}`)
    t.equal(run('setcap', '-v', text, path).status, 0)
  }
  t.strictSame(caps(['set-file', '--root-id=1000', 'cap_kill=ep', path]), { status: 0, stdout: '', stderr: '' })
  t.equal(caps(['files', path]).stdout, run('getcap', '-n', path).stdout, 'with a root id')
  t.match(fileCapabilities(path), { revision: 3, rootId: 1000 })
  t.notOk(verifyFileCapabilities(path, 'cap_kill=ep', { rootId: 1001 }))
})

t.test('empty is not none', { skip: notRoot }, async t => {
  const path = file()
  t.equal(fileCapabilities(path), undefined)
  t.notOk(verifyFileCapabilities(path, '='))
  t.equal(setFileCapabilities(path, '=').text, '=')
  t.equal(caps(['verify-file', '=', path]).status, 0)
  t.strictSame(caps(['verify-file', 'cap_kill=ep', path]), { status: 1, stdout: `${path} has =\n`, stderr: '' })
  t.strictSame(JSON.parse(caps(['remove-file', '--json', path]).stdout), [{ path, had: true }])
  t.strictSame(JSON.parse(caps(['remove-file', '--json', path]).stdout), [{ path, had: false }])
})

t.test('a tree', { skip: notRoot }, async t => {
  const top = t.testdir({ in: { deep: { program: 'x' } }, plain: 'x', out: { program: 'x' } })
  setFileCapabilities(join(top, 'in/deep/program'), 'cap_kill=ep')
  setFileCapabilities(join(top, 'out/program'), 'cap_chown=ep')
  symlinkSync(join(top, 'out'), join(top, 'in/away'))
  symlinkSync(join(top, 'out/program'), join(top, 'in/link'))
  linkSync(join(top, 'in/deep/program'), join(top, 'in/hard'))
  t.strictSame(filesUnder(join(top, 'in'), { recursive: true }).found.map(({ path, text }) => [path.slice(top.length), text]), [['/in/deep/program', 'cap_kill=ep'], ['/in/hard', 'cap_kill=ep']], 'links out of it are not followed')
  t.strictSame(filesUnder(join(top, 'in')).found.map(({ path }) => path.slice(top.length)), ['/in/hard'], 'its own files only')
  t.match(caps(['files', '-r', '--json', top]).stdout, /"files": 4,/)
  if (noPeer === false) t.equal(caps(['files', '-r', top]).stdout.split('\n').toSorted().join('\n'), run('getcap', '-r', top).stdout.split('\n').toSorted().join('\n'))
})

t.test('refused, with the reason', { skip: notRoot }, async t => {
  const path = file()
  const link = `${path}-link`
  symlinkSync(path, link)
  t.match(caps(['set-file', 'cap_kill=ep', link]), { status: 125, stderr: /ELOOP.*\n {2}why: it is a link/ })
  t.match(caps(['set-file', 'cap_kill=ep', '/dev/null']), { status: 125, stderr: /only regular files/ })
  t.match(caps(['set-file', 'cap_kill=ep cap_chown=p', path]), { status: 125, stderr: /one bit for that/ })
  t.match(caps(['set-file', 'cap_kill=ep', path], { uid: 65_534 }), { status: 125, stderr: /(?:EPERM|EACCES)/ })
  t.equal(fileCapabilities(path), undefined, 'nothing was written')
})

const noNamespace = notRoot || (run('setpriv', '--reuid=65534', '--clear-groups', 'unshare', '-r', 'true').status === 0 ? false : 'no user namespaces for ordinary users here')

t.test('in a user namespace', { skip: noNamespace }, async t => {
  const path = file()
  chownSync(path, 65_534, 65_534)
  const shared = join('/tmp', `caps-files-${process.pid}`)
  mkdirSync(shared)
  t.teardown(() => run('rm', '-rf', shared))
  cpSync(path, join(shared, 'program'))
  chownSync(shared, 65_534, 65_534)
  writeFileSync(join(shared, 'program'), 'x')
  chownSync(join(shared, 'program'), 65_534, 65_534)
  const inside = caps(['set-file', 'cap_net_raw=ep', join(shared, 'program')], { uid: 65_534, before: ['unshare', '-r'] })
  t.strictSame(inside, { status: 0, stdout: '', stderr: '' })
  t.match(fileCapabilities(join(shared, 'program')), { text: 'cap_net_raw=ep', revision: 3, rootId: 65_534 })
  t.equal(caps(['files', shared], { uid: 65_534, before: ['unshare', '-r'] }).stdout, `${join(shared, 'program')} cap_net_raw=ep\n`, 'inside it is that of its own root')
})
