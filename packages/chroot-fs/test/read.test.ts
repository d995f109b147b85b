// Words to options: order kept, nothing guessed, every wrong word named.
import t from 'tap'
import { splitWord } from '../src/mount-words.ts'
import { checkRoot, read } from '../src/read.ts'

const words = (...given: readonly (readonly [string, (string | true)?])[]) => read({ tool: 'chroot-fs', verb: '', positionals: ['./r'], given: given.map(([name, value = true]) => ({ name, value })) })
const bind = (word: string) => words(['bind', word]).mounts[0]

t.test('colons and backslashes', async t => {
  for (const [word, parts] of [
    ['a:b', ['a', 'b']],
    ['a\\:b:c', ['a:b', 'c']],
    ['a\\\\:b', ['a\\', 'b']],
    ['a\\b:', ['a\\b', '']],
    ['\\', ['\\']],
    ['', ['']],
    ['é\n:ß', ['é\n', 'ß']],
  ] as const) t.strictSame(splitWord(word), parts, word)
})

t.test('binds', async t => {
  t.strictSame(bind('./d:/data'), { type: 'bind', source: './d', target: '/data', recursive: false, attributes: ['nosuid', 'nodev'], recursiveAttributes: [] })
  t.match(bind('d:/data/../x//y/:noexec,ro,suid'), { target: '/x/y', attributes: ['ro', 'nodev', 'noexec'] })
  t.match(bind('/same'), { source: '/same', target: '/same' })
  t.match(words(['rbind', '/sys:/sys:ro']).mounts[0], { recursive: true, attributes: [], recursiveAttributes: ['ro', 'nosuid', 'nodev'] })
  for (const [word, message] of [['a:b', /'b' is not absolute/], [':/x', /not SRC:DST/], ['a:/b:ro:x', /not SRC:DST/], ['a:/', /root itself/], ['a:/..', /root itself/], ['a:/b:ro,banana', /'banana' is no attribute/], ['a:/b:', /'' is no attribute/], ['a:', /'' is not absolute/]] as const) {
    t.throws(() => bind(word), { code: 'E_USAGE', message }, word)
  }
})

t.test('tmpfs', async t => {
  t.strictSame(words(['tmpfs', '/t:size=1m,mode=0700,noexec,dev']).mounts[0], { type: 'tmpfs', target: '/t', attributes: ['nosuid', 'noexec'], options: { size: '1m', mode: '0700' } })
  for (const word of ['t', '/t:size=', '/t:=x', '/t:1', '/t:size=1m:x', '']) t.throws(() => words(['tmpfs', word]), { code: 'E_USAGE', message: /^--tmpfs/ }, word)
})

t.test('the others', async t => {
  t.match(words(['read-only'], ['chroot'], ['workdir', '/w'], ['mask', '/a/']), { root: './r', readOnly: true, plain: true, workdir: '/w', masks: ['/a'] })
  t.strictSame(words(['tmpfs', '/b'], ['proc'], ['tmpfs', '/a']).mounts.map(({ target }) => target), ['/b', '/proc', '/a'], 'in the order written')
  t.match(words(['default-masks']), { masks: /\/proc\/kcore/, readOnlyPaths: /\/proc\/sys/ })
  t.match(words(['cgroups', 'rw']).mounts[0], { type: 'cgroup', attributes: ['nosuid', 'nodev', 'noexec', 'relatime'] })
  t.match(words(['cgroups']).mounts[0], { attributes: ['ro'] })
  for (const [given, message] of [[['workdir', 'w'], /'w' is not absolute/], [['mask', 'x'], /'x' is not absolute/], [['cgroups', 'no'], /neither ro nor rw/]] as const) t.throws(() => words(given), { code: 'E_USAGE', message })
  t.throws(() => words(['proc'], ['bind-proc']), { message: /exclude each other/ })
  t.throws(() => read({ tool: 'chroot-fs', verb: '', given: [], positionals: ['a', 'b'] }), { message: /only one ROOT/ })
  t.throws(() => read({ tool: 'chroot-fs', verb: '', given: [], positionals: [''] }), { message: /ROOT is empty/ })
  t.throws(() => read({ tool: 'chroot-fs', verb: '', given: [{ name: 'chroot', value: true }], positionals: [] }), { message: /needs a ROOT/ })
})

t.test('the library says the same', async t => {
  t.strictSame(checkRoot('./r', { proc: true, dev: false, bind: ['a:/b', 'c:/d:ro'], readOnly: true, defaultMasks: true, cgroups: 'rw' }), words(['proc'], ['bind', 'a:/b'], ['bind', 'c:/d:ro'], ['read-only'], ['default-masks'], ['cgroups', 'rw']))
  t.throws(() => checkRoot('./r', { banana: true } as object), { code: 'E_USAGE', message: /no option 'banana'/ })
  t.throws(() => checkRoot('./r', { bind: [7] } as object), { message: /--bind: 7 is not a text/ })
  t.throws(() => checkRoot('./r', { bind: true } as object), { message: /--bind needs a value/ })
})
