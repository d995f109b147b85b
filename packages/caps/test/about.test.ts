// explain: a text for every capability, and only for such as there are.
import t from 'tap'
import { ABOUT, about, aboutLines } from '../src/about.ts'
import { NAMES } from '../src/names.ts'
import { caps } from './fixtures/run.ts'

t.test('all of them', async t => {
  t.strictSame(Object.keys(ABOUT).toSorted(), [...NAMES].toSorted())
  for (const [name, entry] of Object.entries(ABOUT)) {
    const { brief, allows, since, calls, files, risk, needed } = entry
    t.ok(brief.length < 64 && allows.length > 0 && risk && needed, name)
    t.match(since, /^\d+\.\d+/, name)
    t.ok(calls.length + files.length > 0 || name === 'CAP_MAC_OVERRIDE', `${name}: where it is asked for`)
    for (const line of aboutLines(name, entry)) t.ok(line.length <= 100, line)
  }
})

t.test('words', async t => {
  t.equal(about('net_raw')?.number, 13)
  t.equal(about('CAP_41'), undefined, 'newer than the texts')
  t.throws(() => about('net_rw'), { code: 'E_USAGE', hint: /net_raw/ })
  t.match(caps(['explain', 'net_raw']).stdout, /^CAP_NET_RAW \(13\): [^]*\n {2}since +Linux 2\.2\n {2}calls +socket/)
  t.match(caps(['explain', 'cap_kill,cap_chown=ep']).stdout, /^CAP_CHOWN[^]*\n\nCAP_KILL/)
  t.ok(caps(['explain']).stdout.split('\n').length > 38)
  t.match(caps(['explain', 'nothing_such']), { status: 125, stderr: /unknown capability 'nothing_such'/ })
  t.equal((JSON.parse(caps(['explain', '2001', '--json']).stdout) as unknown[]).length, 2)
})
