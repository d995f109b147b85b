// Words to requests: nothing is guessed.
import t from 'tap'
import { scanLink } from '@srcon/kit/scan'
import { table } from '../src/options.ts'
import { readWords } from '../src/request.ts'

const read = (...words: string[]) => readWords(scanLink(table, words, true).link)

t.test('lists', async t => {
  t.strictSame(read('-d', 'net_raw,CAP_CHOWN', '--drop=kill'), { drop: { must: ['CAP_NET_RAW', 'CAP_CHOWN', 'CAP_KILL'], may: [] } })
  t.strictSame(read('--drop', 'all', '-k', 'docker,setpcap').keep?.must, ['CAP_SETPCAP'])
  t.strictSame(read('--drop', 'all').drop, { must: [], may: 'all' })
  t.strictSame(read('-a', 'none').ambient, { must: [], may: [] })
  t.equal(read('--drop', 'srcontainer').drop?.may.length, 20)
  for (const [word, message, hint] of [
    ['--drop=net_rw', /unknown capability 'net_rw'/, /net_raw/],
    ['--drop=', /needs a value/, undefined],
    ['--drop=chown,,kill', /empty name/, undefined],
    ['--keep=none,chown', /'none' stands alone/, undefined],
    ['--keep=srcontainer', /lists what is dropped/, /--drop srcontainer/],
    ['--drop=docker', /lists what is kept/, /--keep docker/],
    ['--keep=dokcer', /unknown capability/, /docker/],
    ['--keep=constructor', /unknown capability/, undefined],
  ] as const) t.throws(() => read(word), { code: 'E_USAGE', message, ...(hint ? { hint } : {}) }, word)
})

t.test('ids', async t => {
  t.strictSame(read('--user', '1000'), { uid: 1000, gid: 1000 })
  t.strictSame(read('--user', '1000:5', '--groups', '7,8'), { uid: 1000, gid: 5, groups: [7, 8] })
  t.strictSame(read('--clear-groups'), { groups: [] })
  t.strictSame(read('--keep-groups'), { groups: 'keep' })
  for (const word of ['--user=1:2:3', '--user=a:b:c', '--user=-a', '--user=a b', '--user=1a', '--user=a,b', '--user=', '--user=-1', '--user=0x10', '--user=1e3', '--user=4294967295', '--user=1:', '--groups=', '--groups=1,', '--groups=a,,b', '--groups=1x', '--init-groups']) t.throws(() => read(word), { code: 'E_USAGE' }, word)
  t.throws(() => read('--keep-groups', '--clear-groups'), { code: 'E_USAGE', message: /exclude/ })
})

t.test('names', async t => {
  t.strictSame(read('--user', 'web'), { user: 'web' })
  t.strictSame(read('--user', 'web:5'), { user: 'web', gid: 5 })
  t.strictSame(read('--user', '5:web'), { uid: 5, group: 'web' })
  t.strictSame(read('--user', 'web', '--groups', '7,audio'), { user: 'web', groups: [7, 'audio'] })
  t.strictSame(read('--user', 'web', '--init-groups'), { user: 'web', groups: 'of-user' })
})

t.test('single sets', async t => {
  const list = { must: ['CAP_KILL'], may: [] }
  t.strictSame(read('--add', 'i:kill'), { changes: [{ how: 'add', sets: ['inheritable'], list }] })
  t.strictSame(read('--drop', 'Bounding,a:kill', '--keep', 'pe:all'), { changes: [{ how: 'drop', sets: ['bounding', 'ambient'], list }, { how: 'keep', sets: ['permitted', 'effective'], list: { must: [], may: 'all' } }] })
  t.strictSame(read('--add', 'kill'), { changes: [{ how: 'add', sets: ['bounding', 'permitted', 'effective'], list }] })
  t.throws(() => read('--add', 'bonding:kill'), { code: 'E_USAGE', message: /unknown set 'bonding'/, hint: /bounding/ })
  t.throws(() => read('--drop', ':kill'), { code: 'E_USAGE', message: /unknown set ''/ })
  t.throws(() => read('--drop', 'b:'), { code: 'E_USAGE', message: /empty name/ })
})

t.test('securebits', async t => {
  t.strictSame(read('--securebits', 'noroot,+NOROOT-locked', '--securebits=-keep_caps').securebits, { set: ['noroot', 'noroot_locked'], clear: ['keep_caps'] })
  t.throws(() => read('--securebits', 'no-root'), { code: 'E_USAGE', message: /'no-root'/, hint: /noroot/ })
  t.throws(() => read('--securebits', 'noroot,-noroot'), { code: 'E_USAGE', message: /to be set and to be cleared/ })
})

t.test('the parent-death signal', async t => {
  for (const [word, signal] of [['TERM', 15], ['sigterm', 15], ['9', 9], ['clear', 'clear'], ['keep', 'keep']] as const) t.strictSame(read('--pdeathsig', word), { pdeathsig: signal })
  for (const word of ['TREM', '0', '65', 'SIG', '1.5']) t.throws(() => read('--pdeathsig', word), { code: 'E_USAGE' }, word)
})

t.test('the rest', async t => {
  t.strictSame(read('--no-new-privs'), { noNewPrivs: true })
  t.strictSame(read(), {})
})
