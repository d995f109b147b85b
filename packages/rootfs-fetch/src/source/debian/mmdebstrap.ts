// A Debian by mmdebstrap(1), which leaves all fetching and checking to apt: as root, or in a user namespace (--mode=unshare). It writes
// the archive itself, the same bytes from the same Release.
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { ToolError } from '@srcon/kit/error'
import { tool } from '../../native.ts'
import type { Job } from './job.ts'
import { environment, runTool } from './run.ts'
import { suiteNamed } from './suites.ts'

const hooks = '/usr/share/mmdebstrap/hooks'
/** gpgv, but a key that expired is as good as another: of a keyring that holds only keys that count. */
const gpgv = '/usr/libexec/mmdebstrap/gpgvnoexpkeysig'

/** What this host's names are does not belong into the tree, nor what apt was told for this once. */
const TIDY = 'rm -f "$1/etc/resolv.conf" "$1/etc/hostname" "$1/etc/apt/apt.conf.d/99mmdebstrap"'

/** Writes the archive `to`. Throws a ToolError. */
export async function byMmdebstrap(job: Job, to: string): Promise<void> {
  const { room, epoch, isRoot, what, signal, tell } = job
  const file = await open(to, 'wx', 0o644)
  try {
    await runTool({ argv: wordsOf(job), env: environment(room, epoch), stdout: file.fd, onLine: stages(tell), isRoot, what, signal })
  } finally {
    await file.close()
  }
}

/** Its command line. Pure but for the hooks that are there. */
export function wordsOf({ program, suite, arch, wish, mirror, keyring, keyExpired, ended, isRoot, what }: Job): [string, ...string[]] {
  const { variant, components } = wish
  const number = Number(suiteNamed(suite)?.number ?? Infinity)
  // Without it bookworm takes usrmerge and all of perl, 60 MB, to move what was never apart.
  const merged = number === 12 && variant !== 'essential' && existsSync(`${hooks}/merged-usr`)
  const include = [...wish.include, ...(merged ? ['usr-is-merged'] : [])]
  if (keyExpired && !existsSync(gpgv)) {
    throw new ToolError(tool, `${what}: apt refuses its expired key`, { code: 'E_HOST', path: gpgv, why: 'this mmdebstrap has no gpgvnoexpkeysig', hint: 'as root with debootstrap: apt-get install debootstrap' })
  }
  const apt = [
    ...(ended ? ['Acquire::Check-Valid-Until "false"'] : []),
    ...(keyExpired ? [`Apt::Key::gpgvcommand "${gpgv}"`] : []),
    ...(keyring === undefined ? ['Acquire::AllowInsecureRepositories "true"', 'APT::Get::AllowUnauthenticated "true"'] : []),
  ]
  return [
    program.path, `--mode=${isRoot ? 'root' : 'unshare'}`, '--format=tar', '--verbose', `--variant=${variant}`, `--architectures=${arch}`, `--components=${components.join(',')}`,
    ...(keyring === undefined ? [] : [`--keyring=${keyring}`]),
    ...(include.length === 0 ? [] : [`--include=${include.join(',')}`]),
    ...(merged ? [`--hook-dir=${hooks}/merged-usr`] : []),
    ...(number <= 8 && existsSync(`${hooks}/jessie-or-older`) ? [`--hook-dir=${hooks}/jessie-or-older`] : []),
    ...apt.map(each => `--aptopt=${each}`),
    `--customize-hook=${TIDY}`,
    '--', suite, '-', `deb ${addressFor(mirror.base)} ${suite} ${components.join(' ')}`,
  ]
}

/** Packages of a directory are copied: apt would name them where they are, and they are not there in the new root. */
function addressFor(base: URL): string {
  return base.protocol === 'file:' ? `copy:${fileURLToPath(base)}` : base.href
}

/** Its stages, and where each begins, in percent. */
const stagesOf: readonly (readonly [begins: string, note: string, percent: number])[] = [
  ['I: running apt-get update', 'reading the lists of packages', 2],
  ['I: downloading packages', 'downloading packages', 10],
  ['I: extracting archives', 'extracting packages', 25],
  ['I: installing essential packages', 'installing essential packages', 35],
  ['I: installing remaining packages', 'installing packages', 70],
  ['I: cleaning package lists', 'cleaning up', 92],
  ['I: creating tarball', 'packing', 95],
  ['I: done', 'packed', 100],
]

/** From its lines to how far it is: its stages, and within one each package that dpkg unpacks and sets up. */
export function stages(tell: Job['tell']): (line: string) => void {
  let at = -1
  // To come, of the stage that installs: each package is unpacked and set up.
  let [steps, done] = [0, 0]
  return line => {
    const next = stagesOf.findIndex(([begins]) => line.startsWith(begins))
    if (next >= 0) {
      at = next
      done = 0
      return tell(stagesOf[next]?.[1] ?? '', stagesOf[next]?.[2] ?? 0)
    }
    // What apt would do is printed before anything is done.
    if (at === 1 && line.includes(' --unpack ')) steps += 2
    const [, fresh] = /, (\d+) newly installed/.exec(line) ?? []
    if (at === 4 && fresh !== undefined) [steps, done] = [2 * Number(fresh), 0]
    const [, act, name] = /^(Unpacking|Setting up) ([\w.+-]+)/.exec(line) ?? []
    if (act === undefined || name === undefined || (at !== 3 && at !== 4)) return
    const [from, to] = [stagesOf[at]?.[2] ?? 0, stagesOf[at + 1]?.[2] ?? 100]
    tell(`${act.toLowerCase()} ${name}`, from + Math.round((to - from) * Math.min(1, ++done / Math.max(steps, 1))))
  }
}

/** Removes what it left in a user namespace: the files belong to ids that only such a namespace has. */
export async function removeAsIts(program: string, path: string, room: string): Promise<void> {
  await runTool({ argv: [program, '--unshare-helper', 'rm', '-rf', '--', path], env: environment(room, undefined), isRoot: false, what: `cannot remove ${path}` })
}
