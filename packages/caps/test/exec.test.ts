// The formula of exec for callers whose ids differ from one another, and for set-user-ID files: each row is set up by a
// process that says how it stands, then executes the probe, which says what became of that.
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { lastCap, parseStatus } from '@srcon/kit/host'
import { afterExec, type ExecutedFile } from '../src/exec.ts'
import type { State } from '../src/state.ts'
import { parseClauses } from '../src/text/index.ts'
import { root as rootFacts } from './fixtures/facts.ts'
import { noCompiler, probes, seenIn, type Seen } from './fixtures/probe.ts'
import { notRoot } from './fixtures/run.ts'

/** Real, effective, saved. */
const IDS = [[0, 0, 0], [1000, 1000, 1000], [0, 1000, 0], [0, 1000, 1000], [1000, 0, 0], [1000, 0, 1000], [1000, 1001, 1000], [1000, 1000, 0]] as const
/** noroot, no_setuid_fixup, both. */
const SECUREBITS = [0, 1, 4, 5]
/** What is taken from the permitted set first, so that exec can give something back. */
const DROPPED = ['', 'permitted', 'bounding']
/** `u0`: set-user-ID root. */
const FILES: Readonly<Record<string, { readonly setuid?: number; readonly text?: string }>> = {
  plain: {}, u0: { setuid: 0 }, u1000: { setuid: 1000 }, caps: { text: 'cap_kill,cap_net_raw=ep' }, u0caps: { setuid: 0, text: 'cap_kill,cap_net_raw=ep' }, u1000caps: { setuid: 1000, text: 'cap_chown=p' },
}

const SCRIPT = `
import ctypes, json, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
folder, rows = sys.argv[1], json.loads(sys.stdin.read())
def capset(change):
    header = struct.pack('Ii', 0x20080522, 0); data = ctypes.create_string_buffer(24)
    libc.syscall(125, header, data); e0, p0, i0, e1, p1, i1 = struct.unpack('6I', data.raw)
    e, p, i = change(e0 | e1 << 32, p0 | p1 << 32, i0 | i1 << 32); m = 0xffffffff
    if libc.syscall(126, header, struct.pack('6I', e & m, p & m, i & m, e >> 32, p >> 32, i >> 32)): os._exit(3)
for number, (ids, bits, dropped, nnp, file) in enumerate(rows):
    sys.stdout.write('@%d\\n' % number); sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os.setgroups([]); os.setresgid(1000, 1000, 1000)
        if dropped == 'bounding': libc.prctl(24, 5, 0, 0, 0)
        if bits and libc.prctl(28, bits, 0, 0, 0): os._exit(4)
        if dropped == 'permitted': capset(lambda e, p, i: (e & ~0x2020, p & ~0x2020, i))
        os.setresuid(*ids)
        if nnp: libc.prctl(38, 1, 0, 0, 0)
        text = open('/proc/self/status').read() + 'Securebits:\\t%x\\n' % libc.prctl(27, 0, 0, 0, 0)
        os.write(1, (text + '>>>\\n').encode())
        try: os.execv(folder + '/' + file, [file])
        except OSError as error: os.write(1, b'errno %d\\n' % error.errno); os._exit(0)
    if os.waitpid(pid, 0)[1]: os.write(1, b'failed\\n')
`

function stateOf(seen: Seen): State {
  const { uid, groups, capabilities, noNewPrivs } = parseStatus(Object.entries(seen).map(([key, value]) => `${key}:\t${value}`).join('\n'))
  return { ...rootFacts, ...capabilities, noNewPrivs, uid: uid.effective, realUid: uid.real, savedUid: uid.saved, securebits: Number.parseInt(seen['Securebits'] ?? '0', 16), groups }
}

const hex = (set: bigint): string => set.toString(16).padStart(16, '0')
const saying = ({ bounding, permitted, effective, inheritable, ambient, uid, realUid, savedUid, noNewPrivs, securebits = 0 }: State): Seen =>
  ({ CapAmb: hex(ambient), CapBnd: hex(bounding), CapEff: hex(effective), CapInh: hex(inheritable), CapPrm: hex(permitted), NoNewPrivs: noNewPrivs ? '1' : '0', Securebits: securebits.toString(16), Uid: `${realUid} ${uid} ${savedUid} ${uid}` })
const noPython = spawnSync('python3', ['-c', '']).status === 0 ? false : 'no python3'
const otherArch = process.arch === 'x64' ? false : 'its numbers of calls are those of x86-64'

t.test('set-user-ID files, and callers whose ids differ', { skip: notRoot || noCompiler || noPython || otherArch }, async t => {
  const texts = Object.entries(FILES).flatMap(([name, { text }]) => (text === undefined ? [] : [[name, text] as const]))
  const { folder, remove } = probes({})
  t.teardown(remove)
  for (const [name, { setuid, text }] of Object.entries(FILES)) {
    const path = join(folder, name)
    if (name !== 'plain') copyFileSync(join(folder, 'plain'), path)
    if (setuid !== undefined) chownSync(path, setuid, 0)
    chmodSync(path, setuid === undefined ? 0o755 : 0o4755)
    // A change of owner takes them away.
    if (text !== undefined) t.equal(spawnSync('setcap', [text, path]).status, 0)
  }
  t.equal(texts.length, 3)
  const rows = IDS.flatMap(ids => SECUREBITS.flatMap(bits => DROPPED.flatMap(dropped => [false, true].flatMap(nnp => Object.keys(FILES).map(file => [ids, bits, dropped, nnp, file] as const)))))
  const { stdout, stderr } = spawnSync('python3', ['-c', SCRIPT, folder], { encoding: 'utf8', input: JSON.stringify(rows), maxBuffer: 2 ** 28 })
  const said = stdout.split(/^@\d+\n/m).slice(1)
  t.equal(said.length, rows.length, stderr)
  let refused = 0
  let downgraded = 0
  const differ = rows.flatMap((row, i) => {
    const [before = '', after = ''] = (said[i] ?? '').split('>>>\n')
    const { setuid, text } = FILES[row[4]] ?? {}
    const clauses = text === undefined ? undefined : parseClauses(text, lastCap())
    const file: ExecutedFile = { ...(setuid === undefined ? {} : { setuid }), ...(clauses ? { capabilities: { permitted: clauses.permitted, inheritable: clauses.inheritable, effective: clauses.effective !== 0n } } : {}) }
    const start = stateOf(seenIn(before))
    const predicted = afterExec(start, file)
    if (predicted && predicted.uid !== start.uid && setuid === undefined) downgraded++
    const seen = JSON.stringify(Object.fromEntries(Object.entries(seenIn(after)).filter(([key]) => !['Gid', 'Groups', 'Pdeathsig'].includes(key)).toSorted(([a], [b]) => (a < b ? -1 : 1))))
    if (!predicted) return refused++, after === 'errno 1\n' ? [] : [{ row: row.join(' '), seen: after, predicted: 'EPERM' }]
    return seen === JSON.stringify(saying(predicted)) ? [] : [{ row: row.join(' '), seen, predicted: JSON.stringify(saying(predicted)) }]
  })
  t.strictSame(differ.slice(0, 10), [], `${rows.length} rows as predicted, ${differ.length} not`)
  t.ok(refused > 0, `${refused} are refused by exec`)
  t.ok(downgraded > 0, `in ${downgraded} the effective user becomes the real one`)
})
