// The order of the steps, and what is refused before anything is done.
import t from 'tap'
import type { CapsFacts } from '../src/facts.ts'
import { NAMES, namesOf } from '../src/names.ts'
import { PRESETS } from '../src/presets.ts'
import { readWords } from '../src/request.ts'
import { steps } from '../src/steps.ts'
import { table } from '../src/options.ts'
import { scanLink } from '@srcon/kit/scan'
import type { Step } from '@srcon/kit/step'
import { mapRange, mapRoot, root, user } from './fixtures/facts.ts'

const plan = (words: string, facts: CapsFacts = root, before: readonly Step[] = []) => steps(readWords(scanLink(table, words.split(' ').filter(Boolean), true).link), facts, before)

t.test('the one order that works', async t => {
  const made = plan('--no-new-privs -a net_raw --user 1000 -k net_raw,kill')
  t.strictSame(made, [
    { do: 'caps.bounding', keep: ['CAP_KILL', 'CAP_NET_RAW'] },
    { do: 'caps.ids', uid: 1000, gid: 1000, groups: [] },
    { do: 'caps.sets', effective: ['CAP_KILL', 'CAP_NET_RAW'], permitted: ['CAP_KILL', 'CAP_NET_RAW'], inheritable: ['CAP_NET_RAW'] },
    { do: 'caps.ambient', raise: ['CAP_NET_RAW'], clear: true },
    { do: 'caps.no-new-privs' },
  ])
})

t.test('drop and keep', async t => {
  const nothing = [{ do: 'caps.bounding', keep: [] }, { do: 'caps.sets', effective: [], permitted: [], inheritable: [] }]
  t.strictSame(plan('--drop all'), nothing)
  t.strictSame(plan('--keep none'), nothing)
  t.strictSame(plan('--drop net_raw,kill'), [
    { do: 'caps.bounding', drop: ['CAP_KILL', 'CAP_NET_RAW'] },
    { do: 'caps.sets', permitted: { drop: ['CAP_KILL', 'CAP_NET_RAW'] }, inheritable: { drop: ['CAP_KILL', 'CAP_NET_RAW'] } },
  ])
  t.strictSame(plan('--drop all --keep kill'), plan('--keep kill'), 'as Docker reads it')
  t.strictSame(plan('--keep docker --drop kill')[0], { do: 'caps.bounding', keep: namesOf(BigInt(0xa80425fb)).filter(name => name !== 'CAP_KILL') })
  t.strictSame(plan('--keep all'), [{ do: 'caps.sets', effective: namesOf(root.permitted), permitted: namesOf(root.permitted), inheritable: [], lacks: ['CAP_SYS_RESOURCE'] }])
  t.strictSame((plan('--drop srcontainer')[0] as { drop?: string[] } | undefined)?.drop?.toSorted(), PRESETS['srcontainer']?.names.toSorted())
  t.strictSame(plan(''), [])
})

t.test('what is not there is not promised', async t => {
  t.throws(() => plan('--keep sys_resource'), { code: 'E_REFUSED', message: /CAP_SYS_RESOURCE/, why: /does not have it/ })
  t.throws(() => plan('--ambient sys_resource'), { code: 'E_REFUSED', message: /CAP_SYS_RESOURCE ambient/ })
  t.throws(() => plan('--keep kill --ambient chown'), { code: 'E_REFUSED', hint: /--keep too/ })
  t.throws(() => plan('--drop chown --ambient chown'), { code: 'E_REFUSED' })
  t.throws(() => plan('--keep chown', root, plan('--drop chown')), { code: 'E_REFUSED' }, 'a link before has dropped it')
  t.strictSame((plan('--keep all', root, [mapRoot])[0] as { permitted?: string[] } | undefined)?.permitted, NAMES, 'in a user namespace of its own')
  t.equal(plan('--ambient all').at(-1)?.['do'], 'caps.ambient')
})

t.test('an ordinary user', async t => {
  t.throws(() => plan('--drop all', user), { code: 'E_REFUSED', why: /CAP_SETPCAP/, hint: /--no-new-privs/ })
  t.throws(() => plan('--keep docker', user), { code: 'E_REFUSED', why: /CAP_SETPCAP/ })
  t.strictSame(plan('--drop all --no-new-privs', user), [{ do: 'caps.sets', effective: [], permitted: [], inheritable: [] }, { do: 'caps.no-new-privs' }])
  t.strictSame(plan('--drop all', user, [{ do: 'caps.no-new-privs' }]), [{ do: 'caps.sets', effective: [], permitted: [], inheritable: [] }])
  t.strictSame(plan('--drop all', user, [mapRoot]), plan('--drop all'), 'behind a user namespace it has CAP_SETPCAP')
  t.strictSame(plan('--drop all', { ...user, bounding: 0n }).map(step => step.do), ['caps.sets'], 'nothing is left to drop there')
})

t.test('ids', async t => {
  t.strictSame(plan('--groups 5,7'), [{ do: 'caps.ids', groups: [5, 7] }])
  t.strictSame(plan('--user 5:6 --keep-groups'), [{ do: 'caps.ids', uid: 5, gid: 6, groups: 'keep' }])
  t.throws(() => plan('--user 1000', user, [mapRoot]), { code: 'E_REFUSED', message: /user 1000/, why: /maps only uids 0/ })
  t.throws(() => plan('--user 0', user, [mapRoot]), { code: 'E_REFUSED', message: /supplementary groups/, hint: /--keep-groups/ })
  t.strictSame(plan('--user 0 --keep-groups', user, [mapRoot]), [{ do: 'caps.ids', uid: 0, gid: 0, groups: 'keep' }])
  t.strictSame(plan('--user 0', { ...user, groups: [] }, [mapRoot]), [{ do: 'caps.ids', uid: 0, gid: 0, groups: [] }], 'there are none to drop')
  t.strictSame(plan('--user 1000', user, [mapRange]), [{ do: 'caps.ids', uid: 1000, gid: 1000, groups: [] }])
  t.throws(() => plan('--user 65536', user, [mapRange]), { code: 'E_REFUSED', why: /0-65535/ })
  t.throws(() => plan('--groups 65536', user, [mapRange]), { message: /group 65536/ })
  t.throws(() => plan('--user 0', user, [{ do: 'ns.user' }]), { code: 'E_REFUSED', why: /no users/ })
})

t.test('single sets', async t => {
  const all = namesOf(root.permitted)
  t.strictSame(plan('--add i:kill'), [{ do: 'caps.sets', inheritable: ['CAP_KILL'] }])
  t.strictSame(plan('--drop b:kill'), [{ do: 'caps.bounding', keep: all.filter(name => name !== 'CAP_KILL') }], 'the others stay')
  t.strictSame(plan('--drop e:all'), [{ do: 'caps.sets', effective: [], permitted: all, inheritable: [] }])
  t.strictSame(plan('--drop all --add kill').at(-1), { do: 'caps.sets', effective: ['CAP_KILL'], permitted: ['CAP_KILL'], inheritable: [] }, 'as --keep kill')
  t.strictSame(plan('--add a:kill').map(step => step.do), ['caps.sets', 'caps.ambient'], 'ambient must be inheritable')
  t.strictSame(plan('--add i:all').at(-1)?.['lacks'], ['CAP_SYS_RESOURCE'])
  t.strictSame(plan('--add all'), [{ do: 'caps.sets', effective: namesOf(root.effective), lacks: ['CAP_SYS_RESOURCE'] }], 'also where nothing is to be done')
  for (const [words, message] of [
    ['--add b:sys_resource', /cannot add CAP_SYS_RESOURCE to the bounding set/], ['--add p:sys_resource', /cannot make CAP_SYS_RESOURCE permitted/],
    ['--drop p:kill --add e:kill', /cannot make CAP_KILL effective/], ['--add i:sys_resource', /cannot make CAP_SYS_RESOURCE inheritable/],
    ['--drop p:kill --add a:kill', /cannot make CAP_KILL ambient/], ['--keep i:kill', /cannot keep CAP_KILL inheritable/],
  ] as const) t.throws(() => plan(words), { code: 'E_REFUSED', message, why: /./, hint: /./ }, words)
})

t.test('securebits', async t => {
  const step = { do: 'caps.securebits', set: ['noroot'] }
  t.strictSame(plan('--securebits noroot'), [step])
  t.strictSame(plan('--securebits noroot', { ...root, securebits: 1 }), [], 'it is set already')
  t.strictSame(plan('--drop all --securebits noroot --user 5').map(each => each.do), ['caps.bounding', 'caps.ids', 'caps.securebits', 'caps.sets'], 'before CAP_SETPCAP goes')
  t.strictSame(plan('--ambient kill --securebits no-cap-ambient-raise').map(each => each.do), ['caps.sets', 'caps.ambient', 'caps.securebits'], 'ambient is raised before that is forbidden')
  t.strictSame(plan('--securebits noroot', user, [mapRoot]), [step], 'in a user namespace')
  for (const [words, securebits, message] of [
    ['--securebits noroot', 2, /cannot change noroot/], ['--securebits=-noroot', 3, /cannot change noroot/], ['--securebits=-noroot-locked', 2, /cannot take noroot_locked back/],
    ['--ambient kill', 64, /cannot make CAP_KILL ambient/], ['--add a:kill', 64, /ambient/], ['--user 5 --ambient kill', 32, /cannot change the user id/],
  ] as const) t.throws(() => plan(words, { ...root, securebits }), { code: 'E_REFUSED', message, why: /./, hint: /./ }, words)
  t.throws(() => plan('--securebits noroot', user), { code: 'E_REFUSED', why: /CAP_SETPCAP/ })
  t.strictSame(plan('--securebits exec-restrict-file', user), [{ do: 'caps.securebits', set: ['exec_restrict_file'] }], 'that one needs nothing')
  t.strictSame(plan('--securebits noroot', { ...root, securebits: 0x5000 }), [step], 'bits without a name stay')
})

t.test('the parent-death signal comes last, since the others clear it', async t => {
  t.strictSame(plan('--pdeathsig TERM --user 5 --no-new-privs').map(each => each.do), ['caps.ids', 'caps.pdeathsig', 'caps.no-new-privs'])
})

t.test('names are looked up later', async t => {
  t.strictSame(plan('--user web'), [{ do: 'caps.ids', user: 'web', groups: [] }])
  t.strictSame(plan('--user web:5 --init-groups'), [{ do: 'caps.ids', user: 'web', gid: 5, groups: 'of-user' }])
  t.throws(() => plan('--user web --init-groups', user, [mapRoot]), { code: 'E_REFUSED', message: /supplementary groups/ })
})

t.test('ambient', async t => {
  t.strictSame(plan('--ambient kill'), [{ do: 'caps.sets', inheritable: ['CAP_KILL'] }, { do: 'caps.ambient', raise: ['CAP_KILL'], clear: true }])
  t.strictSame(plan('--ambient none'), [{ do: 'caps.ambient', raise: [], clear: true }])
  t.strictSame(plan('--drop chown --ambient kill')[1], { do: 'caps.sets', permitted: { drop: ['CAP_CHOWN'] }, inheritable: ['CAP_KILL'] })
})
