// The causes that can be told without changing the host; those that need its state are in run.test.ts.
import t from 'tap'
import type { Failure } from '@srcon/kit/link'
import type { Step } from '@srcon/kit/step'
import { explain } from '../src/explain.ts'

const CODES: Readonly<Record<string, number>> = { '': 0, EPERM: 1, ENOENT: 2, ENOMEM: 12, EAGAIN: 11, EINVAL: 22, ENOSPC: 28, EROFS: 30, ERANGE: 34 }

function why(step: Step, failed: Partial<Failure>, before: readonly Step[] = []) {
  const code = failed.code ?? 'EPERM'
  return explain({ step, index: before.length, syscall: '', path: '', note: '', steps: [...before, step], ...failed, code, errno: CODES[code] ?? 5 })
}
const map = (inside: number, outside: number, count: number) => [{ inside, outside, count }]

t.test('user namespaces', async t => {
  const user = { do: 'ns.user' }
  t.match(why(user, { syscall: 'unshare' }, [{ do: 'fs.chroot' }]), { what: /EPERM \(unshare\)/, why: /plain chroot/, fix: /pivot_root/ })
  t.match(why(user, { syscall: 'unshare' }, [{ do: 'ns.user' }]), { why: /not mapped/ })
  t.match(why(user, { syscall: 'unshare', code: 'ENOSPC' }), { why: /user.max_user_namespaces/ })
  t.match(why(user, { syscall: 'unshare', code: 'EINVAL' }), { why: /CONFIG_USER_NS/ })
})

t.test('maps', async t => {
  const inner = { do: 'ns.user', uidMap: map(0, 5, 10), gidMap: map(0, 0, 1) }
  const outer = { do: 'ns.user', uidMap: map(0, 100_000, 10), gidMap: map(0, 0, 10) }
  t.match(why(inner, { syscall: 'write', path: '/proc/9/uid_map' }, [outer]), { why: /5 to 14 is not all mapped/ })
  t.match(why(inner, { syscall: 'openat', path: '/proc/9/uid_map', code: 'EROFS' }), { why: /read-only/ })
  t.match(why(inner, { syscall: 'newuidmap', code: '', path: '/usr/bin/newuidmap', note: 'newuidmap: uid range [0-10) -> [5-15) not allowed' }), { what: /not allowed/, why: /\/etc\/subuid does not give/, fix: /\/etc\/subuid/ })
  t.match(why(inner, { syscall: 'newgidmap', code: 'ENOENT' }), { why: /not installed/ })
})

t.test('other namespaces', async t => {
  const net = { do: 'ns.new', types: ['net', 'uts'] }
  t.match(why(net, { syscall: 'unshare', code: 'ENOSPC' }), { what: /new namespaces \(net, uts\)/, why: /user.max_net_namespaces/ })
  t.match(why(net, { syscall: 'unshare' }, [{ do: 'ns.user' }, { do: 'caps.sets', permitted: [] }]), { why: /CAP_SYS_ADMIN/, fix: /--user/ })
  t.match(why({ do: 'ns.new', types: ['mnt'] }, { syscall: 'mount', path: '/', code: 'EINVAL' }), { why: /no mount point/ })
  const time = { do: 'ns.new', types: ['time'] }
  t.match(why(time, { syscall: 'write', path: '/proc/self/timens_offsets', code: 'ERANGE', note: 'monotonic -9 0' }), { why: /negative.*monotonic -9 0/ })
  t.match(why(time, { syscall: 'write', path: '/proc/self/timens_offsets' }), { why: /CAP_SYS_TIME/ })
  t.match(why({ do: 'ns.pid' }, { syscall: 'clone3', code: 'EAGAIN' }), { why: /pids.max/ })
  t.match(why({ do: 'ns.pid' }, { syscall: 'unshare', code: 'ENOSPC' }), { why: /max_pid_namespaces/ })
})

t.test('what needs a namespace of one\'s own', async t => {
  t.match(why({ do: 'ns.hostname', name: 'x' }, { syscall: 'sethostname' }), { why: /no uts namespace/, fix: /--uts/ })
  t.match(why({ do: 'ns.loopback' }, { syscall: 'ioctl' }), { why: /no net namespace/ })
  t.match(why({ do: 'ns.loopback' }, { syscall: 'ioctl' }, [{ do: 'ns.user' }, { do: 'ns.new', types: ['net'] }, { do: 'caps.sets', permitted: [] }]), { why: /dropped earlier/ })
  t.match(why({ do: 'ns.proc' }, { syscall: 'fsmount' }, [{ do: 'ns.user' }]), { what: /EPERM \(fsmount\)/, why: /pid namespace that it owns/, fix: /--pid/ })
  t.match(why({ do: 'ns.proc' }, { syscall: 'move_mount', code: 'ENOENT' }), { why: /no directory \/proc/ })
  t.match(why({ do: 'ns.file', type: 'net', path: '/x/y' }, { syscall: 'openat', path: '/x/y', code: 'ENOENT' }), { why: /directory does not exist/ })
  t.equal(why({ do: 'fs.pivot' }, {}), undefined)
})
