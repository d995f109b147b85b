// The causes that can be told without changing the host; those that need its state are in run.test.ts.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Failure } from '@srcon/kit/link'
import type { Step } from '@srcon/kit/step'
import t from 'tap'
import { explain } from '../src/explain.ts'
import { own, pid, user } from './fixtures/facts.ts'

const CODES: Readonly<Record<string, number>> = { '': 0, EPERM: 1, ENOENT: 2, EACCES: 13, EEXIST: 17, EBUSY: 16, ENODEV: 19, ENOTDIR: 20, EISDIR: 21, EINVAL: 22, EROFS: 30, ELOOP: 40 }

function why(step: Step, failed: Partial<Failure>, before: readonly Step[] = []) {
  const code = failed.code ?? 'EPERM'
  return explain({ step, index: before.length, syscall: '', path: '', note: '', steps: [...before, step], ...failed, code, errno: CODES[code] ?? 5 })
}
const open = (path: string): Step => ({ do: 'fs.open', tree: 'root', path, recursive: true })
const mount = (type: string, target: string): Step => ({ do: 'fs.mount', type, target })

t.test('roots and sources', async t => {
  t.match(why(open('./not/there'), { syscall: 'open_tree', code: 'ENOENT' }), { what: 'cannot open ./not/there: ENOENT (open_tree)', why: /^\.\/not does not exist \(seen from \//, fix: /rootfs-fetch/ })
  t.match(why({ do: 'fs.open', tree: 'mount-0', path: '/none' }, { syscall: 'open_tree', code: 'ENOENT' }), { why: '/none does not exist', fix: /--bind/ })
  t.match(why(open('/x'), { syscall: 'open_tree', code: 'ENOENT' }, [{ do: 'fs.pivot' }]), { why: /an earlier chroot-fs has changed the root/ })
  t.match(why(open('/etc/passwd/x'), { syscall: 'open_tree', code: 'ENOTDIR' }), { why: '/etc/passwd is not a directory' })
  t.match(why({ do: 'fs.open', tree: 'mount-0', path: '/' }, { syscall: 'open_tree', code: 'EINVAL' }, [user]), { why: /is mounted below \/; in a user namespace such mounts are locked/, fix: /--rbind/ })
  t.match(why({ do: 'fs.attach', tree: 'root' }, { syscall: 'move_mount', code: 'ENOTDIR' }, [open('/etc/passwd')]), { what: 'cannot prepare the new root: ENOTDIR (move_mount)', why: 'the root is a file' })
})

t.test('places in the root', async t => {
  const root = t.testdir({ file: '' })
  mkdirSync(join(root, 'dir'))
  symlinkSync('/elsewhere', join(root, 'proc'))
  const before = [open(root)]
  t.match(why(mount('proc', '/proc'), { syscall: 'openat2', code: 'ELOOP', path: '/proc' }, before), { what: 'cannot mount proc on /proc: ELOOP (openat2)', why: /\/proc in the new root is a symbolic link to \/elsewhere; it must be an ordinary directory/, fix: /^rm .*\/proc; mkdir/ })
  t.match(why(mount('tmpfs', '/file'), { syscall: 'openat2', code: 'ENOTDIR', path: '/file' }, before), { why: /a directory was wanted and a file is there/ })
  t.match(why({ do: 'fs.bind', tree: 'x', target: '/dir' }, { syscall: 'openat2', code: 'EISDIR', path: '/dir' }, before), { what: /^cannot bring \/dir into/, why: /a directory is there/ })
  t.match(why(mount('tmpfs', '/new'), { syscall: 'mkdirat', code: 'EROFS', path: '/new' }, [open('/'), { do: 'fs.attach', tree: 'root', recursiveAttributes: ['ro'] }]), { why: /\/new does not exist in the new root, and the root is read-only as a whole/ })
  t.match(why(mount('tmpfs', '/new'), { syscall: 'openat2', code: 'ENOENT', path: '/new' }, before), { why: /does not exist/ })
  t.match(why({ do: 'fs.mask', path: '/x' }, { syscall: 'verify', code: '', path: '/dev/null', note: 'it is not the character device 1:3' }, before), { what: 'cannot hide /x', why: /\/dev\/null here is something else/ })
  t.match(why({ do: 'fs.device', path: '/dev/tty', major: 5, minor: 0 }, { syscall: 'openat', code: 'ENOENT', path: '/dev/tty' }, before), { why: /\/dev\/tty is missing/ })
  writeFileSync(join(root, 'x'), '')
})

t.test('rights and namespaces', async t => {
  t.match(why(mount('proc', '/proc'), { syscall: 'fsconfig', path: '/proc' }, [user]), { why: /no pid namespace of its own/, fix: /--pid.*--bind-proc/ })
  t.match(why(mount('sysfs', '/sys'), { syscall: 'fsconfig', path: '/sys' }, [own('net'), user]), { why: /no network namespace of its own/, fix: /--net/ })
  t.match(why(mount('mqueue', '/dev/mqueue'), { syscall: 'fsconfig', path: '/dev/mqueue' }, [user, pid]), { why: /no ipc namespace/ })
  t.match(why({ ...mount('devpts', '/dev/pts'), options: { gid: '5' } }, { syscall: 'fsconfig', code: 'EINVAL', note: 'option \'gid\'' }, [user]), { why: 'gid 5 is not mapped in the user namespace' })
  t.match(why(mount('tmpfs', '/t'), { syscall: 'fsconfig', code: 'EINVAL', note: 'option \'x\': tmpfs: Unknown parameter \'x\'' }), { why: /Unknown parameter 'x'/ })
  t.match(why(mount('mqueue', '/q'), { syscall: 'fsopen', code: 'ENODEV' }), { why: 'this kernel has no mqueue' })
  t.match(why({ do: 'fs.bind', tree: 'x', target: '/x' }, { syscall: 'mount_setattr' }, [user]), { why: /locked/, fix: /noatime/ })
  t.match(why({ do: 'fs.read-only' }, { syscall: 'mount_setattr', code: 'EBUSY' }), { what: 'cannot make the root read-only: EBUSY (mount_setattr)', why: /open for writing/ })
  t.match(why({ do: 'fs.read-only', path: '/x' }, { syscall: 'verify', code: '', note: 'something' }), { what: 'cannot make /x read-only', why: 'something' })
})

t.test('what is known is always said', async t => {
  for (const name of ['fs.own-mounts', 'fs.private', 'fs.pivot', 'fs.chroot', 'fs.symlink']) t.match(why({ do: name, path: '/x' }, { syscall: 'call', code: 'EIO' }), { what: /EIO \(call\)$/ }, name)
})
