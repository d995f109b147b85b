// The text forms of sets: both ways, beside libcap, and with any input.
import t from 'tap'
import { lastCap } from '@srcon/kit/host'
import { fullSet } from '../src/names.ts'
import { formatClauses, formatHex, formatIab, type Iab, parseClauses, parseHex, parseIab, type ThreadSets } from '../src/text/index.ts'
import { libcap, noLibcap } from './fixtures/libcap.ts'
import { random, randomSet } from './fixtures/random.ts'

const LAST = lastCap()
const SETS = 10_000
/** A million with SRCON_FUZZ=1000000. */
const INPUTS = Number(process.env['SRCON_FUZZ'] ?? 150_000)

function randomSets(full: bigint, seed: number): { readonly sets: ThreadSets; readonly iab: Iab }[] {
  const next = random(seed)
  const one = (): bigint => randomSet(next, full)
  return Array.from({ length: SETS }, () => {
    const inheritable = one()
    // Sets that have much in common are the ones whose text is short.
    const sets = next(2) === 0 ? { effective: one(), permitted: one(), inheritable: one() } : { effective: inheritable, permitted: inheritable, inheritable: one() }
    return { sets, iab: { inheritable, ambient: inheritable & one(), blocked: one() } }
  })
}

/** Undefined: refused, and by an error of ours. */
function tried<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if ((error as { code?: string }).code !== 'E_INPUT') throw error
    return undefined
  }
}

t.test('what is written is read again', async t => {
  let wrong = 0
  for (const { sets, iab } of randomSets(2n ** 64n - 1n, 1)) {
    const again = parseClauses(formatClauses(sets, LAST), LAST)
    if (again.effective !== sets.effective || again.permitted !== sets.permitted || again.inheritable !== sets.inheritable) wrong++
    const back = parseIab(formatIab(iab))
    if (back.inheritable !== iab.inheritable || back.ambient !== iab.ambient || back.blocked !== iab.blocked) wrong++
    if (parseHex(formatHex(sets.effective)) !== sets.effective) wrong++
  }
  t.equal(wrong, 0, `${3 * SETS} texts`)
})

t.test('as libcap writes it', { skip: noLibcap }, async t => {
  const cases = randomSets(fullSet(LAST), 2)
  const beyond = randomSets(2n ** 64n - 1n, 3)
  const said = libcap({ writeClauses: [...cases, ...beyond].map(({ sets }) => sets), writeIab: cases.map(({ iab }) => iab) })
  t.strictSame([...cases, ...beyond].map(({ sets }) => formatClauses(sets, LAST)), said.writeClauses, `${said.writeClauses.length} times clauses, half of them with bits beyond the kernel's`)
  t.strictSame(cases.map(({ iab }) => formatIab(iab)), said.writeIab, `${said.writeIab.length} times IAB`)
})

const PIECES = ['cap_chown', 'CAP_KILL', 'Cap_Net_Raw', 'cap_', 'chown', 'all', 'ALL', 'allx', 'all_', '0', '5', '40', '41', '63', '64', '08', '010', '0x3f', '0x', '0x40', '18446744073709551616', '_', '=', '+', '-', '=', '+', '-', 'e', 'i', 'p', 'ep', 'eip', 'E', ',', ',', ' ', '\t', '\n', '\v', '\xa0', '!', '^', '%', '!%', '\x7f', '\u00e9', 'cap_checkpoint_restore']
const SHAPES = ['cap_chown=ep', 'cap_net_raw,cap_chown=ep cap_kill+i', 'all=p cap_sys_admin-p', '=eip cap_chown-e', 'cap_chown+p-e', 'cap_chown=+p', '!%cap_chown,^cap_setpcap', '^cap_kill', '40,0x1=i']

const NAMED = ['cap_chown', 'CAP_KILL', 'Cap_Net_Raw', 'all', '40', '0x3f', '050', 'cap_bpf']
const ACTIONS = ['=', '=e', '=ep', '+p', '-e', '=+i', '=-p', '+eip', '+p-e', '=p+i-e']
const SIGNS = ['', '', '!', '^', '%', '!%', '!^', '^!%']

/** Texts that are right, nearly right, and some that are nothing at all. */
function nearly(next: (limit: number) => number): string {
  const pick = (from: readonly string[]): string => from[next(from.length)] ?? ''
  const many = (one: () => string, by: string): string => Array.from({ length: 1 + next(4) }, one).join(by)
  const kind = next(6)
  if (kind === 0) return many(() => many(() => pick(NAMED), ',') + pick(ACTIONS), pick([' ', '\t', '\n ']))
  if (kind === 1) return many(() => pick(SIGNS) + pick(NAMED), ',')
  if (kind === 2) return Array.from({ length: next(8) }, () => pick(PIECES)).join('')
  let text = pick(SHAPES)
  for (let edits = 1 + next(3); edits > 0; edits--) {
    const at = next(text.length + 1)
    text = text.slice(0, at) + (next(3) === 0 ? '' : pick(PIECES)) + text.slice(at + next(3))
  }
  return text
}

t.test('what libcap reads, and nothing else', { skip: noLibcap }, async t => {
  const next = random(4)
  const texts = [...new Set(['', ...PIECES, ...SHAPES, ...Array.from({ length: 40_000 }, () => nearly(next))])]
  const said = libcap({ clauses: texts, iab: texts })
  const clauses = texts.map(text => tried(() => parseClauses(text, LAST)))
  const iab = texts.map(text => tried(() => parseIab(text)))
  const differ = texts.flatMap((text, i) => [
    ...(same(clauses[i], said.clauses[i]) ? [] : [`clauses ${JSON.stringify(text)}`]),
    // The one difference: a sign at the end, without a capability.
    ...(sayIab(iab[i]) === said.iab[i] || (/[!^%]$/.test(text) && iab[i] === undefined) ? [] : [`iab ${JSON.stringify(text)}`]),
  ])
  t.strictSame(differ, [], `${texts.length} texts`)
  const accepted = clauses.filter(Boolean).length
  t.ok(accepted > texts.length / 20 && accepted < texts.length / 2, `${accepted} of them are clauses`)
  t.ok(iab.filter(Boolean).length > texts.length / 50, `${iab.filter(Boolean).length} of them are IAB`)
})

/** As libcap shows it, which leaves out what the kernel does not know. */
function sayIab(iab: Iab | undefined): string | undefined {
  const known = fullSet(LAST)
  return iab && formatIab({ inheritable: iab.inheritable & known, ambient: iab.ambient & known, blocked: iab.blocked & known })
}

function same(a: object | undefined, b: object | undefined): boolean {
  const key = (each: object | undefined): string => (each ? Object.entries(each).map(([name, set]) => `${name} ${String(set)}`).toSorted().join(' ') : '')
  return key(a) === key(b)
}

t.test('any input ends soon, in sets or in an error of ours', async t => {
  const next = random(5)
  const { stackTraceLimit } = Error
  t.teardown(() => (Error.stackTraceLimit = stackTraceLimit))
  Error.stackTraceLimit = 0
  const started = performance.now()
  for (let i = 0; i < INPUTS / 3; i++) {
    const text = nearly(next)
    tried(() => parseClauses(text, LAST))
    tried(() => parseIab(text))
    tried(() => parseHex(text))
  }
  t.pass(`${INPUTS} inputs in ${Math.round(performance.now() - started)} ms`)
  const long = ['cap_chown,'.repeat(100_000), '!'.repeat(1_000_000), 'x'.repeat(1_000_000), '9'.repeat(1_000_000), '0'.repeat(1_000_000), 'f'.repeat(1_000_000), ' '.repeat(1_000_000), 'all=p '.repeat(100_000), 'cap_chown+p'.concat('-p'.repeat(300_000)), `=${'e'.repeat(1_000_000)}`, 'cap_'.repeat(200_000)]
  for (const text of long) {
    for (const read of [parseClauses, parseIab, parseHex]) {
      const from = performance.now()
      tried(() => read(text, LAST))
      t.ok(performance.now() - from < 1000, `${read.name} of ${text.length} characters`)
    }
  }
})

t.test('errors say where, and what was meant', async t => {
  for (const [read, text, message, hint] of [
    [parseClauses, 'cap_net_rw=ep', /^unknown capability 'cap_net_rw' at character 1$/, 'did you mean cap_net_raw?'],
    [parseClauses, 'cap_kill=e chown=p', /^unknown capability 'chown' at character 12$/, 'did you mean cap_chown?'],
    [parseClauses, 'cap_kill=x', /^one of e i p, or a space, is expected, not 'x', at character 10$/, undefined],
    [parseClauses, 'cap_kill', /^one of = \+ - is expected, not nothing, at the end of the text$/, undefined],
    [parseClauses, '+p', /^which capabilities '\+' is about is not said at character 1$/, /all/],
    [parseClauses, 'cap_kill+', /^one of e i p is expected after '\+', not nothing, at the end of the text$/, undefined],
    [parseClauses, '64=e', /^capability 64 is beyond the kernel's 64 at character 1$/, undefined],
    [parseClauses, 'cap_kill=\x1b[31m', /not U\+001B, at character 10$/, undefined],
    [parseClauses, `${'y'.repeat(500)}=e`, /^unknown capability 'y{40}…' at character 1$/, undefined],
    [parseIab, '!cap_chown cap_kill', /^a comma is expected, not ' ', at character 11$/, undefined],
    [parseIab, 'cap_chown,!', /^a capability is missing at the end of the text$/, undefined],
    [parseHex, 'xyz', /hexadecimal/, /proc/],
    [parseHex, '12345678901234567', /17 hexadecimal digits/, undefined],
  ] as const) t.throws(() => read(text, LAST), { code: 'E_INPUT', message, ...(hint ? { hint } : {}) }, text.slice(0, 30))
  t.equal(parseHex(`0x${'0'.repeat(40)}1`), 1n, 'zeros in front are no bits')
})
