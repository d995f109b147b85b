// Starts the probe (probe.c) behind walls and in front of them. `walled` is what `srcon run` gives by default, `open` a
// chain that gives a root and namespaces and no other wall: what is refused there too proves nothing.
import { execFileSync, spawnSync, type StdioOptions } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cleanEnv } from './clean-env.ts'

const bin = join(import.meta.dirname, '../../node_modules/.bin')
export const isRoot = process.getuid?.() === 0
/** Why the whole of it cannot be done here; false: it can. */
export const notRoot = isRoot ? false : 'needs root: the controls stand in no user namespace'

/** An act of the probe: its name and its words. */
export type Act = readonly (string | number)[]
export interface How {
  /** As this user, with these supplementary groups. */
  readonly as?: { readonly uid: number; readonly groups?: readonly number[] }
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly stdio?: StdioOptions
  readonly cwd?: string
  readonly timeout?: number
}
export interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}
export const user = { uid: 65_534 } as const

/** A directory of the host that every user may read, with the probe in it. It is at `/tmp/p` in the containers. */
export function host(): { readonly dir: string; readonly probe: string; readonly remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), 'srcon-probe-'))
  chmodSync(dir, 0o755)
  const probe = join(dir, 'probe')
  const words = ['-static', '-O1', '-o', probe, join(import.meta.dirname, 'probe.c')]
  // glibc's static library may be missing; musl has only that.
  if (spawnSync('cc', words).status !== 0) execFileSync('musl-gcc', words)
  const setuid = join(dir, 'setuid')
  copyFileSync(probe, setuid)
  chmodSync(setuid, 0o4755)
  mkdirSync(join(dir, 'plain'))
  symlinkSync('/proc/self/exe', join(dir, 'self'))
  return { dir, probe, remove: () => rmSync(dir, { recursive: true, force: true }) }
}

export function start(words: readonly string[], { as, env = {}, stdio = ['ignore', 'pipe', 'pipe'], cwd, timeout = 60_000 }: How = {}): Ended {
  const ids = as ? ['setpriv', `--reuid=${as.uid}`, `--regid=${as.uid}`, as.groups ? `--groups=${as.groups.join(',')}` : '--clear-groups'] : []
  const [program = '', ...rest] = [...ids, ...words]
  const ended = spawnSync(program, rest, { encoding: 'utf8', env: cleanEnv({ PATH: `${bin}:${process.env['PATH']}`, ...env }), stdio, cwd, timeout, killSignal: 'SIGKILL' })
  return { status: ended.status, signal: ended.signal, stdout: ended.stdout ?? '', stderr: ended.stderr ?? '' }
}

export const actWords = (acts: readonly Act[]): string[] => acts.flatMap((act, i) => [...(i > 0 ? ['+'] : []), ...act.map(String)])

/** What the kernel answered to each act; throws where the container did not come to run them all. */
export function answers(words: readonly string[], acts: readonly Act[], how?: How): string[] {
  const { stdout, stderr, status, signal } = start([...words, ...actWords(acts)], how)
  const lines = stdout.split('\n').slice(0, -1)
  if (lines.length !== acts.length) throw new Error(`${lines.length} of ${acts.length} answers, ${signal ?? status}: ${stderr}${stdout}`)
  return lines
}

/** `srcon run` as it is, with options added. */
export const walled = (dir: string, ...options: readonly string[]): string[] => ['srcon', 'run', '-n', ...options, '--bind', `${dir}:/tmp/p`, '--', '/tmp/p/probe']

/** The walls left out on purpose: root of the host, every capability, no filter, pid 1 an ordinary shell. `without`: namespaces that are the host's. */
export function open(dir: string, without: readonly string[] = []): string[] {
  const kinds = ['--pid', '--no-init', '--mount', '--uts', '--ipc', '--net', '--cgroup'].filter(each => !without.includes(each) && !(each === '--no-init' && without.includes('--pid')))
  return ['ns-unshare', ...kinds, '--', 'chroot-fs', '--proc', '--dev', '--tmpfs', '/tmp', '--bind', `${dir}:/tmp/p`, '--bind', `${dir}/plain:/tmp/ro:ro`, '--', 'sh', '-c', '"$@"; exit $?', 'sh', '/tmp/p/probe']
}
