// One container, three ways: chain, pipe and library. The kernel is asked how each of them stands, and the answers
// must be equal; as root and as an ordinary user, on every root of the test data or, without them, on the host's own.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { factSheet, type Sheet } from './support/fact-sheet.ts'
import type { Options } from './support/library-container.ts'

const top = join(import.meta.dirname, '..')
const node = process.execPath
const isRoot = process.getuid?.() === 0
const ORDINARY = 47_123
const MARK = 'srcon-sheets'
const COMMAND = ['sh', '-c', 'sleep 1000 & echo ready; wait', MARK]

const quoted = (words: readonly string[]): string => words.map(word => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')

/** Our tools by their names, from the sources. */
const bin = t.testdir({ cache: {}, bin: {}, trees: {} })
const tools = ['ns-unshare', 'chroot-fs', 'cgroup-ctl', 'caps', 'seccomp-filter', 'srcon', 'rootfs-fetch']
for (const tool of tools) symlinkSync(join(top, 'packages', tool, 'dist/bin', `${tool}.mjs`), join(bin, 'bin', tool))
const missing = tools.find(tool => !existsSync(join(bin, 'bin', tool)))
const skip = missing === undefined ? false : `${missing} is not built`
const env = { PATH: [join(bin, 'bin'), join(node, '..'), '/usr/bin:/bin:/usr/sbin:/sbin'].join(':') }

interface Form {
  readonly words: Readonly<Record<'ns-unshare' | 'chroot-fs' | 'caps' | 'seccomp-filter', readonly string[]>> & { readonly 'cgroup-ctl'?: readonly string[] }
  readonly options: Options
  readonly uid?: number
}

const NAMESPACES = ['--pid', '--mount', '--uts', '--ipc', '--net', '--cgroup', '--hostname', 'box']
const NAMESPACES_OF = { pid: true, mount: true, uts: true, ipc: true, net: true, cgroup: true, hostname: 'box' }
const common = {
  words: { 'chroot-fs': ['--proc', '--sys', '--dev', '--default-masks', '--tmpfs', '/tmp:size=4m'], caps: ['--keep', 'docker', '--no-new-privs'], 'seccomp-filter': ['--profile', 'default'] },
  options: { root: { proc: true, sys: true, dev: true, defaultMasks: true, tmpfs: '/tmp:size=4m' }, capabilities: { keep: 'docker', noNewPrivs: true }, filter: { profile: 'default' } },
}
const map = { inside: 0, outside: 100_000, count: 65_536 }
const asRoot: Form = {
  words: { ...common.words, 'ns-unshare': ['--map-users', '0:100000:65536', '--map-groups', '0:100000:65536', ...NAMESPACES], 'cgroup-ctl': ['--memory', '64M', '--pids', '50', '--cpus', '0.5'] },
  options: { ...common.options, limits: { memory: '64M', pids: 50, cpus: 0.5 }, namespaces: { mapUsers: [map], mapGroups: [map], ...NAMESPACES_OF } },
}
const asUser: Form = {
  words: { ...common.words, 'ns-unshare': ['--map-root-user', ...NAMESPACES] },
  options: { ...common.options, namespaces: { mapRootUser: true, ...NAMESPACES_OF } },
  uid: ORDINARY,
}

type Tool = keyof Form['words']
const ORDER: readonly Tool[] = ['cgroup-ctl', 'ns-unshare', 'chroot-fs', 'caps', 'seccomp-filter']
const linksOf = ({ words }: Form, root: string): string[] => ORDER.flatMap(tool => (words[tool] ? [quoted([tool, ...(tool === 'chroot-fs' ? [root] : []), ...words[tool]])] : []))

/** The three forms as shell scripts. */
const forms: Readonly<Record<string, (form: Form, root: string) => string>> = {
  chain: (form, root) => `exec ${[...linksOf(form, root), quoted(COMMAND)].join(' -- ')}`,
  // In another order than the chain: a config has none.
  pipe: (form, root) => [`echo '{"ociVersion":"1.2.0"}'`, ...linksOf(form, root).toReversed().toSorted(link => (link.includes('ns-unshare') ? -1 : 0)), `srcon run -- ${quoted(COMMAND)}`].join(' | '),
  library: (form, root) => `exec ${quoted([node, '--conditions=@srcon/source', '--no-warnings', join(top, 'test/support/library-container.ts'), root, JSON.stringify(form.options), ...COMMAND])} </dev/null`,
}

/** Starts it, looks at the command when it runs, ends it. */
async function sheetOf(script: string, uid: number | undefined): Promise<Sheet> {
  const drop = uid === undefined || !isRoot ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups']
  const [file, ...args] = [...drop, 'bash', '--norc', '-c', script] as const
  const child = spawn(file, args, { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
  const closed = new Promise<void>(done => child.once('close', () => done()))
  const ready = new Promise<boolean>(done => child.stdout.once('data', () => done(true)))
  if (!(await Promise.race([ready, closed.then(() => false)]))) throw new Error(`${script}\n${stderr}`)
  const pid = commandOf(child)
  try {
    return factSheet(pid)
  } finally {
    process.kill(pid, 'SIGKILL')
    await closed
  }
}

/** The descendant that became the command: the launcher beside it has these words too, but not as its first. */
function commandOf(child: ChildProcess): number {
  const parents = new Map(readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(name => [Number(name), parentOf(name)]))
  const below = (pid: number): boolean => pid === child.pid || (pid > 1 && below(parents.get(pid) ?? 0))
  const found = [...parents.keys()].filter(pid => below(pid)).filter(pid => {
    const words = textOf(`/proc/${pid}/cmdline`).split('\0')
    return words[0] === 'sh' && words[3] === MARK
  })
  // The shell's own child for `sleep` may not have executed it yet.
  return Math.min(...found)
}

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
const parentOf = (pid: string): number => Number(/^PPid:\s*(\d+)/m.exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0)

/** Unpacked by our own tool, as trees that are of this test alone: one that others share would get an overlay. */
function roots(): [name: string, path: string][] {
  const data = process.env['SRCON_TEST_DATA']
  const folder = data === undefined ? '' : join(data, 'alpine')
  if (!existsSync(folder)) return [['the host', '/']]
  return readdirSync(folder).filter(name => name.endsWith('.tar.gz')).map(name => {
    const tree = join(bin, 'trees', name)
    if (existsSync(tree)) return [name, tree]
    const { stdout, stderr, status } = spawnSync('rootfs-fetch', ['tar', join(folder, name), '--cache', join(bin, 'cache'), '--copy', '-o', tree, '--quiet'], { encoding: 'utf8', env })
    if (status !== 0) throw new Error(stderr)
    return [name, stdout.trim()]
  })
}

for (const [who, form] of [['root', asRoot], ['an ordinary user', asUser]] as const) {
  const impossible = skip || (form === asRoot && !isRoot ? 'needs root' : false)
  t.test(`as ${who}`, { skip: impossible }, async t => {
    for (const [name, path] of roots()) {
      await t.test(name, async t => {
        const sheets: Record<string, Sheet> = {}
        for (const [kind, script] of Object.entries(forms)) sheets[kind] = await sheetOf(script(form, path), form.uid)
        const { chain } = sheets
        t.match(chain, { namespaces: { user: 'new', pid: 'new', mnt: 'new', uts: 'new', ipc: 'new', net: 'new', cgroup: 'new', time: 'host' }, NoNewPrivs: '1', Seccomp: '2', CapEff: '00000000a80425fb', cwd: '/' }, 'the walls stand')
        if (form === asRoot) t.match(chain?.['groups'], /NAME/, 'it has a group of its own')
        const { dev, ino } = statSync(path)
        t.equal(chain?.['root'], `${dev}:${ino}`, 'its root is that directory')
        t.notSame(factSheet(process.pid), chain, 'the comparison tells this process from it')
        t.strictSame(sheets['pipe'], chain, 'pipe and chain')
        t.strictSame(sheets['library'], chain, 'library and chain')
      })
    }
  })
}
