// decode: every form of a text.
import t from 'tap'
import { decode, forms, lines } from '../src/decode.ts'
import { fullSet } from '../src/names.ts'
import { caps } from './fixtures/run.ts'

t.test('what a text is', async t => {
  const set = (text: string) => { const decoded = decode(text, 40); return 'set' in decoded ? decoded.set : undefined }
  t.equal(set('00000000a80425fb'), 0xa80425fbn)
  t.equal(set('0x1'), 1n)
  t.equal(set('docker'), 0xa80425fbn)
  t.equal(set('all'), fullSet(40))
  t.equal(set('net_raw,chown'), 0x2001n)
  t.strictSame(decode('CapBnd:\t0000000000002001\n', 40), { form: 'status', of: 'CapBnd', set: 0x2001n })
  t.match(decode('cap_chown=ep cap_kill+i', 40), { form: 'clauses', effective: 1n, permitted: 1n, inheritable: 1n << 5n })
  t.match(decode('!cap_chown,^cap_kill', 40), { form: 'iab', blocked: 1n, ambient: 1n << 5n, inheritable: 1n << 5n })
  t.throws(() => decode('0'.repeat(17) + '1'.repeat(17), 40), { code: 'E_INPUT' })
  t.throws(() => decode('xyz', 40), { code: 'E_USAGE' })
  t.throws(() => decode('cap_nothing=ep', 40), { code: 'E_INPUT' })
})

t.test('both ways', async t => {
  t.match(forms(decode('2001', 40), 40), { names: ['CAP_CHOWN', 'CAP_NET_RAW'], clauses: 'cap_chown,cap_net_raw=ep', iab: 'cap_chown,cap_net_raw' })
  t.match(forms(decode('=ep cap_kill-e', 40), 40), { clauses: '=ep cap_kill-e', permitted: { hex: '000001ffffffffff' } })
  t.strictSame(lines(decode('chown', 40), 40), ['0000000000000001'])
  t.strictSame(lines(decode('1', 40), 40), ['CAP_CHOWN'])
  t.strictSame(caps(['decode', '2001']), { status: 0, stdout: 'CAP_CHOWN\nCAP_NET_RAW\n', stderr: '' })
  t.strictSame(caps(['decode', 'CapEff:', '0000000000000001']).stdout, 'CAP_CHOWN\n', 'a line of status, unquoted')
  t.match(caps(['decode', '^cap_kill']).stdout, /^ambient +0000000000000020 {2}CAP_KILL$/m)
  t.match(JSON.parse(caps(['decode', '1', '--json']).stdout), { form: 'hex', hex: '0000000000000001', names: ['CAP_CHOWN'] })
  t.match(caps(['decode']), { status: 125, stderr: /text is missing/i })
})
