// A Debian by debootstrap(8), as root: it makes a directory, which is packed here. It speaks in records for an installer on descriptor
// 3: how far it is, and why it failed.
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { packNew } from '../../pack.ts'
import type { Job } from './job.ts'
import { environment, runTool } from './run.ts'

const scripts = '/usr/share/debootstrap/scripts'

/** Writes the archive `to`. Throws a ToolError. */
export async function byDebootstrap(job: Job, to: string): Promise<void> {
  const { room, epoch, isRoot, what, signal, tell } = job
  const tree = join(room, 'tree')
  mkdirSync(tree, { mode: 0o755 })
  const { onRecord, reason } = records(tell)
  await runTool({ argv: wordsOf(job, tree), env: environment(room, epoch), onRecord, reason, isRoot, what, signal })
  tidy(tree)
  tell('packing', 97)
  await packNew(tree, to, { latest: epoch, signal })
}

export function wordsOf({ program, suite, arch, wish, mirror, keyring }: Job, tree: string): [string, ...string[]] {
  const { variant, include, components } = wish
  return [
    program.path, '--debian-installer', `--arch=${arch}`, `--components=${components.join(',')}`,
    // It has no name for what it makes by itself.
    ...(variant === 'important' ? [] : [`--variant=${variant}`]),
    ...(include.length === 0 ? [] : [`--include=${include.join(',')}`]),
    ...(keyring === undefined ? ['--no-check-gpg'] : [`--keyring=${keyring}`, '--force-check-gpg']),
    suite, tree, mirror.base.href,
    // Of a suite that is younger than itself it knows nothing; all since 2000 are made as sid is.
    ...(existsSync(join(scripts, suite)) ? [] : [join(scripts, 'sid')]),
  ]
}

/** Takes away what it leaves of its work and of this host. No link is followed: the tree is not ours to trust. */
function tidy(tree: string): void {
  for (const path of ['etc/resolv.conf', 'etc/hostname']) rmInside(tree, path)
  for (const [folder, keep] of [['var/cache/apt/archives', /^(?:partial|lock)$/], ['var/lib/apt/lists', /^(?:partial|lock|auxfiles)$/]] as const) {
    if (!isFolder(tree, folder)) continue
    for (const name of readdirSync(join(tree, folder))) if (!keep.test(name)) rmInside(tree, `${folder}/${name}`)
  }
}

function rmInside(tree: string, path: string): void {
  if (isFolder(tree, path.slice(0, path.lastIndexOf('/')))) rmSync(join(tree, path), { force: true })
}

/** Every part of the path is a directory itself. */
function isFolder(tree: string, path: string): boolean {
  const parts = path.split('/')
  return parts.every((_, i) => lstatSync(join(tree, ...parts.slice(0, i + 1)), { throwIfNoEntry: false })?.isDirectory() === true)
}

/** Its stages by the words of its records: what each is, and where in all it begins and ends, in percent. */
const stagesOf: Readonly<Record<string, readonly [note: string, from: number, to: number]>> = {
  DOWNREL: ['fetching the Release file', 0, 1], DOWNRELSIG: ['checking its signature', 1, 2], DOWNPKGS: ['reading the lists of packages', 2, 6], SIZEDEBS: ['choosing packages', 6, 8],
  DOWNDEBS: ['downloading packages', 8, 28], EXTRACTPKGS: ['extracting packages', 28, 42], INSTCORE: ['installing core packages', 42, 50], UNPACKREQ: ['unpacking packages', 50, 65],
  CONFREQ: ['setting up packages', 65, 78], UNPACKBASE: ['unpacking packages', 78, 86], CONFBASE: ['setting up packages', 86, 96],
}

/** From its records to how far it is, `P: NOW TOTAL [STAGE]`, and to its last error: `E: CODE`, `EA: argument`, `EF: format`. */
export function records(tell: Job['tell']): { readonly onRecord: (line: string) => void; readonly reason: () => string | undefined } {
  let stage: readonly [string, number, number] = ['starting', 0, 0]
  let last = 0
  let failure: { code: string; args: string[]; format?: string } | undefined
  const onRecord = (line: string): void => {
    const [, kind = '', rest = ''] = /^(P|E|EA|EF): ?(.*)$/.exec(line) ?? []
    if (kind === 'E') failure = { code: rest, args: [] }
    else if (kind === 'EA') failure?.args.push(rest)
    else if (kind === 'EF' && failure) failure.format = rest
    if (kind !== 'P') return
    const [, now, total, name] = /^(\d+) (\d+)(?: (\w+))?/.exec(rest) ?? []
    if (name !== undefined) stage = stagesOf[name] ?? stage
    const [note, from, to] = stage
    const share = Number(total) > 0 ? Math.min(1, Number(now) / Number(total)) : 0
    // A stage that is told again does not go back.
    last = Math.max(last, Math.round(from + (to - from) * share))
    tell(note, last)
  }
  const reason = (): string | undefined => {
    if (!failure) return undefined
    const args = [...failure.args]
    return failure.format === undefined ? [failure.code, ...args].join(' ') : failure.format.replace(/%s/g, () => args.shift() ?? '')
  }
  return { onRecord, reason }
}
