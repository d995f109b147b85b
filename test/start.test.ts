// What `npm start` shows, without the set-up before it: the container beside the host, the program that its limit
// ends, a command of one's own; and what an ordinary user sees.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const top = join(import.meta.dirname, '..')
const built = existsSync(join(top, 'packages/srcon/dist/index.js'))
const isRoot = process.getuid?.() === 0

function start(words: readonly string[], before: readonly string[] = []) {
  const [file = '', ...args] = [...before, process.execPath, join(top, 'scripts/start.mjs'), ...words]
  return spawnSync(file, args, { cwd: '/', encoding: 'utf8', env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin' } })
}

const line = (text: string, name: string): string => text.split('\n').find(each => each.startsWith(`${name} `)) ?? ''

t.test('npm start', { skip: built ? false : 'not built' }, async t => {
  t.test('as root', { skip: isRoot ? false : 'needs root' }, async t => {
    const { status, stdout, stderr } = start([])
    t.equal(status, 0, stderr)
    for (const type of ['user', 'pid', 'mnt', 'uts', 'ipc', 'net', 'cgroup']) t.match(line(stdout, `${type} namespace`), /\d+ +\* \d+/, type)
    t.match(line(stdout, 'uid map'), /\* 0:\d{4,}:\d+$/, 'ids of its own')
    t.match(line(stdout, 'memory'), /\* 64M/)
    t.match(line(stdout, 'no_new_privs'), /\* yes/)
    t.match(line(stdout, 'seccomp'), /\* filter, 1 loaded/)
    const verdict = JSON.parse(stdout.slice(stdout.indexOf('{'))) as { reason: string; signal: string; oomKills: number; peakBytes: number }
    t.match(verdict, { reason: 'oom', signal: 'SIGKILL' })
    t.ok(verdict.oomKills > 0)
    t.ok(verdict.peakBytes <= 64 << 20, `${verdict.peakBytes}`)
  })

  t.test('as an ordinary user', { skip: isRoot ? false : 'needs root to become one' }, async t => {
    const { status, stdout, stderr } = start([], ['setpriv', '--reuid=47124', '--regid=47124', '--clear-groups'])
    t.equal(status, 0, stderr)
    t.match(line(stdout, 'user namespace'), /\* \d+/)
    t.match(line(stdout, 'seccomp'), /\* filter, 1 loaded/)
    t.match(stderr.includes('without limits') ? stdout : 'with limits', /left out|with limits/)
    if (stderr !== '') t.match(stderr, /cannot .*\n {2}why: .*\n {2}fix: /)
  })

  t.test('a command of its own', async t => {
    const { status, stdout } = start(['sh', '-c', 'hostname; exit 7'])
    t.equal(status, 7)
    t.match(stdout, /^srcon$/m)
    t.equal(start(['--root', '/nowhere']).status, 125)
  })
})
