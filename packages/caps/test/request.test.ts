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
  for (const word of ['--user=nobody', '--user=1:2:3', '--user=', '--user=-1', '--user=0x10', '--user=1e3', '--user=4294967295', '--user=1:', '--groups=', '--groups=a', '--groups=1,']) t.throws(() => read(word), { code: 'E_USAGE' }, word)
  t.throws(() => read('--keep-groups', '--clear-groups'), { code: 'E_USAGE', message: /exclude/ })
})

t.test('the rest', async t => {
  t.strictSame(read('--no-new-privs'), { noNewPrivs: true })
  t.strictSame(read(), {})
})
