// Failures of privileges and filters, provoked: each is explained by its cause, and each has a control beside it, the same
// with what the explanation says to do. Run by whole command lines, since that is where people meet them.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import t from 'tap'
import { cleanEnv } from './support/clean-env.ts'

const notRoot = process.getuid?.() === 0 ? false : 'root starts as itself and as another user'
const bin = join(import.meta.dirname, '../node_modules/.bin')
const OTHER = 65534

function run(line: string, cwd: string, uid?: number): { status: number | null; stderr: string } {
  const env = cleanEnv({ PATH: [bin, '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(delimiter) })
  return spawnSync('sh', ['-c', line], { cwd, env, encoding: 'utf8', ...(uid === undefined ? {} : { uid, gid: uid }) })
}

interface Provoked {
  readonly what: string
  readonly line: string
  /** Of the line `why:`. */
  readonly why: RegExp
  /** The same that works. */
  readonly control: string
  readonly uid?: number
}

const provoked: readonly Provoked[] = [
  { what: 'a filter without no_new_privs, after CAP_SYS_ADMIN was dropped', line: 'caps --drop all -- seccomp-filter --no-no-new-privs -- true', why: /without no_new_privs .* it was dropped earlier in the chain/, control: 'seccomp-filter --no-no-new-privs -- caps --drop all --no-new-privs -- true' },
  { what: 'the same, never had', line: 'seccomp-filter --no-no-new-privs -- true', why: /without no_new_privs .* this process has not got it/, control: 'seccomp-filter -- true', uid: OTHER },
  { what: 'a locked securebit', line: 'caps --securebits noroot,noroot-locked -- caps --securebits=-noroot -- true', why: /noroot_locked is set/, control: 'caps --securebits noroot -- caps --securebits=-noroot -- true' },
  { what: 'securebits without CAP_SETPCAP', line: 'caps --securebits noroot -- true', why: /needs CAP_SETPCAP/, control: 'ns-unshare --user --map-root-user -- caps --securebits noroot -- true', uid: OTHER },
  { what: 'inheritable, but dropped from the bounding set', line: 'caps --drop b:net_raw -- caps --add i:net_raw -- true', why: /no longer in the bounding set/, control: 'caps --drop b:net_raw -- caps --add i:chown -- true' },
  { what: 'the bounding set cannot grow', line: 'caps --drop b:chown -- caps --add b:chown -- true', why: /can only shrink/, control: 'caps --drop b:chown -- caps --add b:kill -- true' },
  { what: 'ambient, but not permitted', line: 'caps --drop p:net_raw -- caps --ambient net_raw -- true', why: /does not have it/, control: 'caps --drop p:net_raw -- caps --ambient chown -- true' },
  { what: 'ambient, but forbidden by a securebit', line: 'caps --securebits no-cap-ambient-raise -- caps --ambient net_raw -- true', why: /securebit no_cap_ambient_raise/, control: 'caps --securebits no-cap-ambient-raise -- caps --securebits=-no-cap-ambient-raise -- caps --ambient net_raw -- true' },
  { what: 'what a change of user kept is lost at exec', line: "caps --user 65534 --keep net_raw -- sh -c 'caps --keep net_raw --no-new-privs -- true'", why: /does not have it/, control: "caps --user 65534 --keep net_raw --ambient net_raw -- sh -c 'caps --keep net_raw --no-new-privs -- true'" },
  { what: 'the bounding set, without CAP_SETPCAP', line: 'caps --drop net_raw -- true', why: /needs CAP_SETPCAP/, control: 'caps --drop net_raw --no-new-privs -- true', uid: OTHER },
  { what: 'the bounding set, CAP_SETPCAP dropped before', line: 'ns-unshare --user --map-root-user -- caps --drop setpcap -- caps --drop b:net_raw -- true', why: /needs CAP_SETPCAP/, control: 'ns-unshare --user --map-root-user -- caps --drop b:net_raw -- caps --drop setpcap -- true', uid: OTHER },
  { what: 'a user that is not mapped', line: 'ns-unshare --user --map-root-user -- caps --user 1000 -- true', why: /maps only uids 0/, control: 'ns-unshare --user --map-users 0:0:2000 --map-groups 0:0:2000 -- caps --user 1000 -- true' },
  { what: 'groups where setgroups is denied', line: 'setpriv --reuid 1234 --regid 1234 --groups 5 ns-unshare --user --map-root-user -- caps --clear-groups -- true', why: /setgroups is denied/, control: 'setpriv --reuid 1234 --regid 1234 --groups 5 ns-unshare --user --map-root-user -- caps --keep-groups -- true' },
  { what: 'a user that the root does not know', line: 'caps --user no-such-user -- true', why: /names are those of the root/, control: 'caps --user nobody -- true' },
  { what: 'a namespace after its capability was dropped', line: 'caps --drop all -- ns-unshare --uts -- true', why: /\(caps\.sets\) has dropped the capabilities/, control: 'ns-unshare --uts -- caps --drop all -- true' },
  { what: 'a listener that is already there', line: "seccomp-filter learn -o outer.policy -- sh -c 'seccomp-filter learn -o inner.policy -- true'", why: /has a listener already/, control: "sh -c 'seccomp-filter learn -o inner.policy -- true'" },
  { what: 'an outer filter that refuses another', line: 'seccomp-filter -p closed.policy -- seccomp-filter -- true', why: /^step 2 \(seccomp\.load\) .* refuses seccomp\(2\)$/, control: 'seccomp-filter -p open.policy -- seccomp-filter -- true' },
  { what: 'more filters than the kernel takes', line: `${'seccomp-filter -p long.policy -- '.repeat(12)}true`, why: /^with the \d filters .* 32768 instructions$/, control: `${'seccomp-filter -p long.policy -- '.repeat(4)}true` },
]

t.test('explained by their cause', { skip: notRoot, timeout: 120_000 }, async t => {
  const dir = t.testdir({ 'closed.policy': 'default allow\nseccomp: errno EPERM\n', 'open.policy': 'default allow\npersonality: errno EPERM\n' })
  const values = (from: number): string => Array.from({ length: 3300 }, (_, i) => from + 3 * i).join(', ')
  writeFileSync(join(dir, 'long.policy'), `default allow\nprctl(option in ${values(1_000_000)}): errno EPERM\n`)
  writeFileSync(join(dir, 'longer.policy'), `default allow\n${Array.from({ length: 10_000 }, (_, i) => `prctl(option == ${1_000_000 + 3 * i}): errno ${1 + (i % 30)}\n`).join('')}`)
  for (const { what, line, why, control, uid } of provoked) {
    const { status, stderr } = run(line, dir, uid)
    t.equal(status, 125, `${what}: ${stderr}`)
    t.match(/^ *why: (.*)$/m.exec(stderr)?.[1], why, what)
    t.match(stderr, /^ *fix: \S/m, 'and what to do')
    const works = run(control, dir, uid)
    t.equal(works.status, 0, `the control: ${control}: ${works.stderr}`)
  }
  const { status, stderr } = run('seccomp-filter -p longer.policy -- true', dir)
  t.equal(status, 125)
  t.match(stderr, /\d+ instructions, the kernel no more than 4096/, 'a filter that is too long')
})
