// Inside the default container: what it must not be able to do, each beside the same with that wall opened, so that
// a refusal is the wall's and not a mistake of the test.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { container, plan, run, type ContainerOptions } from '../src/index.ts'
import { notRoot, ORDINARY, script, srcon } from './fixtures/run.ts'

const inside = async (text: string, options: ContainerOptions = {}) => await run(plan(['sh', '-c', text], container(options)))

/** What is tried, and the options that open the wall. */
const tried: readonly (readonly [what: string, text: string, open: ContainerOptions])[] = [
  ['mount', 'mount -t tmpfs none /tmp', { keep: 'all', profile: 'none' }],
  ['mknod', 'mknod /tmp/null c 1 3', { keep: 'all', profile: 'none', share: 'user' }],
  ['a user namespace', 'unshare -U true', { profile: 'none' }],
  ['a pid namespace', 'unshare -p true', { keep: 'all', profile: 'none' }],
  ['set-user-ID by chmod', 'cp /bin/true /tmp/t && chmod u+s /tmp/t', { profile: 'none' }],
  ['writing to the root', 'echo > /etc/srcon-test', { share: 'user', keep: 'all', profile: 'none', tmpfs: '/etc' }],
  ['the shadow file', 'cat /etc/shadow', { share: 'user', keep: 'all' }],
  ['a masked file', 'test -n "$(head -c 1 /proc/kallsyms)"', { unmask: true }],
  ['sysctl', 'echo 1 > /proc/sys/vm/drop_caches', { unmask: true, share: 'user', keep: 'all' }],
]

t.test('walls', { skip: notRoot }, async t => {
  for (const [what, text, open] of tried) {
    t.not((await inside(text)).code, 0, `${what} is refused`)
    const { code, stderr } = await inside(text, open)
    t.equal(code, 0, `${what} works with the wall opened: ${stderr}`)
  }
})

t.test('set-user-ID', { skip: notRoot }, async t => {
  const makes = 'cp /usr/bin/id /tmp/srcon-id && chmod 4755 /tmp/srcon-id'
  const uses = `${makes} && setpriv --reuid=1000 --regid=1000 --clear-groups /tmp/srcon-id -u`
  t.equal(script(`cd "$(mktemp -d)" && cp /usr/bin/id x && chmod 4755 x && chmod 755 . && setpriv --reuid=1000 --regid=1000 --clear-groups ./x -u; rm -r "$PWD"`).stdout, '0\n', 'outside the bit makes root')
  t.not((await inside(makes)).code, 0, 'inside it cannot be set')
  t.match(await inside(uses, { profile: 'none' }), { code: 0, stdout: '1000\n' }, 'and where it can it gives nothing')
})

t.test('walls of an ordinary user', { skip: notRoot }, async t => {
  for (const [what, text] of tried) t.not(srcon(['run', '-n', '--', 'sh', '-c', text], { uid: ORDINARY }).status, 0, `${what} is refused`)
  t.equal(srcon(['run', '-n', '--', 'sh', '-c', 'cp /bin/true /tmp/t && chmod 700 /tmp/t && /tmp/t'], { uid: ORDINARY }).status, 0, 'what is harmless works')
})

t.test('nothing of the caller is in reach', { skip: notRoot }, async t => {
  const secret = `secret-${process.pid}`
  const look = 'cat /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n"'
  t.match(script(look, { SECRET: secret }).stdout, secret, 'outside it can be found')
  const seen = srcon(['run', '-n', '--', 'sh', '-c', look], { env: { SECRET: secret } }).stdout
  t.match(seen, /HOSTNAME=srcon/, 'it sees its own environment')
  t.notMatch(seen, secret)
  t.match(srcon(['run', '-n', '--env', 'SECRET', '--', 'env'], { env: { SECRET: secret } }).stdout, secret, 'what is named is passed on')

  const file = join(t.testdir(), 'secret')
  writeFileSync(file, secret)
  const descriptors = 'cat <&9 2>/dev/null; for fd in /proc/*/fd/*; do readlink $fd; done'
  t.match(script(`exec 9<'${file}'; sh -c '${descriptors}'`).stdout, file, 'outside it is open')
  const open = script(`exec 9<'${file}'; srcon run -n -- sh -c '${descriptors}'`).stdout
  t.notMatch(open, file)
  t.notMatch(open, secret)
})

t.test('limits', { skip: notRoot }, async t => {
  const hog = 'hog=x; while :; do hog=$hog$hog; done'
  t.match(await inside(hog, { memory: '32M', timeout: 60 }), { reason: 'oom', status: 137 })
  const forks = 'for i in 1 2 3 4 5 6 7 8 9; do sleep 60 & done; wait'
  t.match(await inside(forks, { pids: 5, timeout: 60 }), { reason: 'pids' })
  t.match(await inside('sleep 60', { timeout: '200ms' }), { reason: 'wall-time' })
  t.match(await inside('for i in 1 2 3; do sleep 0 & done; wait', { memory: '32M', pids: 20 }), { reason: 'exit', code: 0 })
})
