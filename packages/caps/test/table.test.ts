// The transition table: start × request × securebits × user × file capabilities × no_new_privs. For every row
// the kernel's state behind our launcher is what state.ts and the formula of exec.ts predict, and what setpriv and
// capsh reach for the same request where they can make it.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { lastCap, parseStatus } from '@srcon/kit/host'
import { afterExec, beforeExec, type ExecutedFile } from '../src/exec.ts'
import type { CapsFacts } from '../src/facts.ts'
import { readWords } from '../src/request.ts'
import { type State, stateAfter } from '../src/state.ts'
import { steps } from '../src/steps.ts'
import { parseClauses } from '../src/text/index.ts'
import * as text from '../src/text/index.ts'
import { root as rootFacts } from './fixtures/facts.ts'
import { noCompiler, probes, seenIn, type Seen } from './fixtures/probe.ts'
import { notRoot } from './fixtures/run.ts'

const LAST = lastCap()
const LAUNCHER = join(import.meta.dirname, `../../launcher/bin/srcon-launch-${process.arch}`)

/** How a caller stands: the words of setpriv that make it so. */
const STARTS: Readonly<Record<string, readonly string[]>> = {
  'as it is': ['--inh-caps=-all'],
  'bounding without kill': ['--inh-caps=-all', '--bounding-set=-kill'],
  'inheritable chown': ['--inh-caps=-all,+chown'],
}

interface Part {
  readonly ours: string
  readonly setpriv?: string
  readonly capsh?: string
}

const SETS: Readonly<Record<string, Part>> = {
  'nothing': { ours: '', setpriv: '', capsh: '' },
  'bounding drop': { ours: '--drop b:net_raw,chown', setpriv: '--bounding-set=-net_raw,-chown', capsh: '--drop=cap_net_raw,cap_chown' },
  'inheritable add': { ours: '--add i:net_raw', setpriv: '--inh-caps=+net_raw' },
  'ambient add': { ours: '--add a:net_raw,kill', setpriv: '--inh-caps=+net_raw,+kill --ambient-caps=+net_raw,+kill' },
  'ambient exactly': { ours: '--ambient net_raw', setpriv: '--inh-caps=+net_raw --ambient-caps=-all,+net_raw' },
  'clauses': { ours: '--caps cap_net_raw,cap_chown,cap_setuid,cap_setgid,cap_setpcap=p_cap_net_raw+ei', capsh: '--caps=cap_net_raw,cap_chown,cap_setuid,cap_setgid,cap_setpcap=p_cap_net_raw+ei' },
  'IAB': { ours: '--iab !%cap_chown,^cap_net_raw', capsh: '--iab=!%cap_chown,^cap_net_raw' },
  'all': { ours: '--drop all' },
}

const SECUREBITS: Readonly<Record<string, Part>> = {
  'none': { ours: '', setpriv: '', capsh: '' },
  'noroot': { ours: '--securebits noroot', setpriv: '--securebits=+noroot', capsh: '--secbits=0x1' },
  'locked': { ours: '--securebits noroot,noroot-locked,no-setuid-fixup', setpriv: '--securebits=+noroot,+noroot_locked,+no_setuid_fixup', capsh: '--secbits=0x7' },
  'keep': { ours: '--securebits keep-caps,no-cap-ambient-raise-locked', capsh: '--secbits=0x90' },
}

const USERS: Readonly<Record<string, Part>> = {
  root: { ours: '', setpriv: '', capsh: '' },
  user: { ours: '--user 1000 --clear-groups', setpriv: '--reuid=1000 --regid=1000 --clear-groups', capsh: '--keep=1 --gid=1000 --groups= --uid=1000' },
}

const FILES: Readonly<Record<string, ExecutedFile & { readonly text?: string }>> = {
  plain: {},
  effective: { text: 'cap_kill,cap_net_raw=ep' },
  split: { text: 'cap_chown,cap_net_admin=i cap_net_raw+p' },
}

interface Row {
  readonly name: string
  readonly start: string
  readonly file: string
  readonly nnp: boolean
  readonly user: string
  readonly ours: readonly string[]
  readonly peer?: readonly string[]
}

const words = (part: string): string[] => part.split(' ').filter(Boolean).map(word => word.replaceAll('_cap_net_raw+', ' cap_net_raw+'))

function rows(): Row[] {
  const all: Row[] = []
  for (const start of Object.keys(STARTS)) for (const [set, sets] of Object.entries(SETS)) for (const [bit, bits] of Object.entries(SECUREBITS)) for (const [user, who] of Object.entries(USERS)) for (const nnp of [false, true]) for (const file of Object.keys(FILES)) {
    const ours = words([sets.ours, bits.ours, who.ours, nnp ? '--no-new-privs' : ''].join(' '))
    const setpriv = [sets, bits, who].every(part => part.setpriv !== undefined) ? ['setpriv', ...words([who.setpriv, bits.setpriv, sets.setpriv, nnp ? '--no-new-privs' : ''].join(' '))] : undefined
    // capsh acts from left to right: as root only, where no order is lost.
    const capsh = user === 'root' && [sets, bits].every(part => part.capsh !== undefined) ? ['capsh', ...words([bits.capsh, nnp ? '--no-new-privs' : ''].join(' ')), ...words(sets.capsh ?? '')] : undefined
    const peer = setpriv ?? capsh
    all.push({ name: [start, set, bit, user, nnp ? 'nnp' : 'no nnp', file].join(' · '), start, file, nnp, user, ours, ...(peer ? { peer } : {}) })
  }
  return all
}

function given(all: readonly string[]): { given: { name: string; value: string | true }[] } {
  const list: { name: string; value: string | true }[] = []
  for (const word of all) {
    const last = list.at(-1)
    if (word.startsWith('--')) list.push({ name: word.slice(2), value: true })
    else if (last) list[list.length - 1] = { name: last.name, value: word }
  }
  return { given: list }
}

function factsOf(seen: Seen): CapsFacts {
  const status = parseStatus(Object.entries(seen).map(([key, value]) => `${key}:\t${value}`).join('\n'))
  const { uid, groups, capabilities, noNewPrivs } = status
  return { ...rootFacts, ...capabilities, noNewPrivs, uid: uid.effective, realUid: uid.real, savedUid: uid.saved, securebits: Number.parseInt(seen['Securebits'] ?? '0', 16), groups, lastCap: LAST }
}

/** As the probe says it. */
function asSeen({ bounding, permitted, effective, inheritable, ambient, uid, realUid, savedUid, noNewPrivs, securebits = 0 }: State): Seen {
  const hex = (set: bigint): string => set.toString(16).padStart(16, '0')
  return { Uid: `${realUid} ${uid} ${savedUid} ${uid}`, CapInh: hex(inheritable), CapPrm: hex(permitted), CapEff: hex(effective), CapBnd: hex(bounding), CapAmb: hex(ambient), NoNewPrivs: noNewPrivs ? '1' : '0', Securebits: securebits.toString(16) }
}

const quote = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`

t.test('the table', { skip: notRoot || noCompiler }, async t => {
  const { folder, remove } = probes(Object.fromEntries(Object.entries(FILES).flatMap(([name, file]) => (file.text === undefined ? [] : [[name, file.text]]))))
  t.teardown(remove)
  const all = rows()
  // One shell runs everything: what it prints is separated by the index of the row.
  const run = (commands: readonly (readonly string[])[]): string[] => {
    const script = commands.map((each, i) => `echo "@${i}"; ${each.map(quote).join(' ')} 2>/dev/null; echo "=$?"`).join('\n')
    writeFileSync(join(folder, 'script'), script)
    const { stdout } = spawnSync('bash', [join(folder, 'script')], { encoding: 'utf8', maxBuffer: 2 ** 28, env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin' } })
    return stdout.split(/^@\d+\n/m).slice(1)
  }
  const names = Object.keys(STARTS)
  const facts = new Map(run(names.map(name => ['setpriv', ...(STARTS[name] ?? []), join(folder, 'plain')])).map((said, i) => [names[i], factsOf(seenIn(said))]))
  const planned = all.flatMap(row => {
    const from = facts.get(row.start) ?? rootFacts
    try {
      const made = steps(readWords(given(row.ours), text), from, [])
      const sets = FILES[row.file]?.text
      const [clauses] = sets === undefined ? [undefined] : [parseClauses(sets, LAST)]
      const file = clauses ? { capabilities: { permitted: clauses.permitted, inheritable: clauses.inheritable, effective: clauses.effective !== 0n } } : {}
      const after = afterExec(beforeExec(stateAfter(from, made)), file)
      return [{ row, made, after }]
    } catch (error) {
      if ((error as { code?: string }).code !== 'E_REFUSED') throw error
      return []
    }
  })
  for (const [i, { made }] of planned.entries()) writeFileSync(join(folder, `${i}.json`), JSON.stringify({ version: 1, steps: made }))
  const start = (row: Row): readonly string[] => ['setpriv', ...(STARTS[row.start] ?? [])]
  const kernel = run(planned.map(({ row }, i) => [...start(row), LAUNCHER, join(folder, `${i}.json`), '--', join(folder, row.file)]))
  const compared = planned.flatMap(({ row }, i) => (row.peer ? [{ row, i, peer: row.peer }] : []))
  const peers = run(compared.map(({ row, peer }) => [...start(row), ...peer, ...(peer[0] === 'capsh' ? [`--shell=${join(folder, row.file)}`, '--'] : [join(folder, row.file)])]))

  const differ = planned.flatMap(({ row, after }, i) => {
    const said = kernel[i] ?? ''
    const seen = Object.fromEntries(Object.entries(seenIn(said)).filter(([key]) => !['Gid', 'Groups', 'Pdeathsig'].includes(key)))
    const ok = after ? JSON.stringify(sorted(seen)) === JSON.stringify(sorted(asSeen(after))) : said.trim() === '=126'
    return ok ? [] : [{ row: row.name, words: row.ours.join(' '), seen: after ? seen : said, predicted: after ? asSeen(after) : 'EPERM' }]
  })
  t.strictSame(differ.slice(0, 10), [], `${planned.length} rows as predicted`)
  t.ok(planned.length >= 500, `${planned.length} of ${all.length} rows; the others ask for what the caller has not`)
  t.ok(planned.some(({ after }) => after === undefined), 'some are refused by exec')

  let equal = 0
  let unable = 0
  const unlike = compared.flatMap(({ row, i }, at) => {
    const said = peers[at] ?? ''
    const ours = seenIn(kernel[i] ?? '')
    const theirs = seenIn(said)
    if (!said.includes('CapEff') && !(said.trim() === '=126' && (kernel[i] ?? '').trim() === '=126')) return (unable++, [])
    // Our launcher gives up what exec of an ordinary user takes; theirs is still there for a file under no_new_privs.
    if (row.user === 'user' && row.nnp && row.file !== 'plain') return []
    const same = ['Uid', 'Gid', 'CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Securebits'].every(key => ours[key] === theirs[key])
    return same ? (equal++, []) : [{ row: row.name, ours, theirs, peer: row.peer?.join(' ') }]
  })
  t.strictSame(unlike.slice(0, 10), [], `${equal} rows equal setpriv's or capsh's, ${unable} they cannot do`)
  t.ok(equal >= 300, `${equal} rows compared with the peers`)
})

function sorted(seen: Seen): [string, string][] {
  return Object.entries(seen).toSorted(([a], [b]) => (a < b ? -1 : 1))
}
