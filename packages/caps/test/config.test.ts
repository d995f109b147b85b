// The OCI form: what is written, what is read back, and that other keys stay.
import t from 'tap'
import { newConfig, type OciConfig } from '@srcon/kit/config'
import { scanLink } from '@srcon/kit/scan'
import type { Step } from '@srcon/kit/step'
import { configure, fromConfig } from '../src/config.ts'
import type { CapsFacts } from '../src/facts.ts'
import { fullSet, namesOf } from '../src/names.ts'
import { table } from '../src/options.ts'
import { readWords } from '../src/request.ts'
import { stateAfter } from '../src/state.ts'
import { steps } from '../src/steps.ts'
import { root, user } from './fixtures/facts.ts'

const read = (words: string) => readWords(scanLink(table, words.split(' ').filter(Boolean), true).link)
const add = (words: string, config: OciConfig = newConfig(), facts: CapsFacts = root) => configure(config, read(words), facts)
const inUser: OciConfig = { ociVersion: '1.2.0', linux: { namespaces: [{ type: 'user' }] } }

t.test('sets', async t => {
  t.strictSame(add('--drop all').process?.capabilities, { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] })
  t.strictSame(add('--drop chown').process?.capabilities?.bounding, namesOf(root.bounding & ~1n), 'from what the process has')
  t.strictSame(add('--drop chown', inUser, user).process?.capabilities?.bounding, namesOf(fullSet(40) & ~1n), 'from all, where the config makes a user namespace')
  const said = { ...newConfig(), process: { capabilities: { bounding: ['CAP_CHOWN', 'CAP_KILL'] } } }
  t.strictSame(add('--drop chown', said).process?.capabilities?.bounding, ['CAP_KILL'], 'from what the config says')
  t.throws(() => add('--keep net_raw', said), { code: 'E_REFUSED' })
  t.strictSame(add('--keep kill --ambient kill').process?.capabilities, { bounding: ['CAP_KILL'], effective: ['CAP_KILL'], permitted: ['CAP_KILL'], inheritable: ['CAP_KILL'], ambient: ['CAP_KILL'] })
})

t.test('other keys stay', async t => {
  const config: OciConfig = { ociVersion: '1.0.2', hostname: 'x', process: { args: ['sh'], user: { uid: 3, umask: 18 } }, more: { deep: [1] } }
  const out = add('--no-new-privs --user 1000:5 --groups 7', config)
  t.strictSame(out, { ociVersion: '1.0.2', hostname: 'x', process: { args: ['sh'], user: { uid: 1000, umask: 18, gid: 5, additionalGids: [7] }, noNewPrivileges: true }, more: { deep: [1] } })
  t.strictSame(config.process?.user, { uid: 3, umask: 18 }, 'the config given is not changed')
  t.strictSame(add('--keep-groups').annotations, { 'dev.srcon.caps.groups': '"keep"' })
})

t.test('pipe and chain end in the same state', async t => {
  for (const words of ['--drop all', '--keep docker', '--drop srcontainer', '--drop chown,kill', '--keep kill --ambient kill --user 1000', '--user 5:6 --groups 7', '--groups 7', '--clear-groups', '--keep-groups', '--no-new-privs', '--keep all', '--user 5 --keep-groups --drop all', '--add i:kill', '--drop b:kill', '--add a:kill --user 5', '--drop e:all', '--securebits noroot,-keep-caps', '--user web:audio --init-groups', '--user 5 --groups 7,audio', '--pdeathsig TERM', '--pdeathsig keep', '--drop all --securebits noroot']) {
    const piped = fromConfig(JSON.parse(JSON.stringify(add(words))) as OciConfig)
    const after = (made: readonly Step[]) => stateAfter(root, made)
    t.strictSame(after(piped ? steps(piped, root, []) : []), after(steps(read(words), root, [])), words)
  }
  t.strictSame(steps(fromConfig(add('--drop all')) ?? {}, root, []), steps(read('--drop all'), root, []), 'even the same steps')
})

t.test('what OCI has no word for', async t => {
  t.strictSame(add('--user web --groups 7,audio --securebits noroot --pdeathsig TERM').annotations, {
    'dev.srcon.caps.groups': '[7,"audio"]', 'dev.srcon.caps.user': '"web"', 'dev.srcon.caps.securebits': '{"set":["noroot"],"clear":[]}', 'dev.srcon.caps.pdeathsig': '15',
  })
  for (const [key, value] of [['user', '"a b"'], ['user', '5'], ['groups', '[-1]'], ['groups', '"all"'], ['securebits', '{"set":["x"]}'], ['securebits', '{"set":"noroot"}'], ['pdeathsig', '0'], ['group', '{}']]) {
    t.throws(() => fromConfig({ ociVersion: '1.2.0', annotations: { [`dev.srcon.caps.${key}`]: value ?? '' } }), { code: 'E_INPUT' }, `${key} ${value}`)
  }
})

t.test('configs of others', async t => {
  t.equal(fromConfig(newConfig()), undefined)
  t.equal(fromConfig({ ociVersion: '1.0.2', process: { args: ['sh'] } }), undefined)
  const rootless = fromConfig({ ociVersion: '1.0.2', process: { user: { uid: 0, gid: 0 }, noNewPrivileges: true } })
  t.strictSame(rootless, { uid: 0, gid: 0, groups: 'clear-if-allowed', noNewPrivs: true })
  t.strictSame(steps(rootless ?? {}, user, [{ do: 'ns.user', uidMap: [{ inside: 0, outside: 1000, count: 1 }], gidMap: [{ inside: 0, outside: 1000, count: 1 }], setgroups: 'deny' }])[0], { do: 'caps.ids', uid: 0, gid: 0, groups: 'keep' })
  const split = fromConfig({ ociVersion: '1.0.2', process: { capabilities: { bounding: ['CAP_CHOWN', 'CAP_KILL'], permitted: ['CAP_KILL'], effective: [], inheritable: ['CAP_KILL'] } } })
  t.strictSame(steps(split ?? {}, root, []), [
    { do: 'caps.bounding', keep: ['CAP_CHOWN', 'CAP_KILL'] },
    { do: 'caps.sets', effective: [], permitted: ['CAP_KILL'], inheritable: ['CAP_KILL'] },
    { do: 'caps.ambient', raise: [], clear: true },
  ])
  t.throws(() => fromConfig({ ociVersion: '1.0.2', process: { capabilities: { bounding: ['CAP_NOTHING'] } } }), { code: 'E_INPUT', message: /CAP_NOTHING/ })
})
