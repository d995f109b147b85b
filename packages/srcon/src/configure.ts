// From words to a config: each tool adds its fragment as its filter would, so that options here and a pipe of
// tools cannot differ. A new config begins with every wall; one that was read gets only what is said.
import { hostRoot, type ChrootOptions } from '@srcon/chroot-fs'
import { annotate, newConfig, type OciConfig } from '@srcon/kit/config'
import { ToolError, usage } from '@srcon/kit/error'
import { parseDuration } from '@srcon/kit/number'
import type { Given, ScannedLink } from '@srcon/kit/table'
import type { NamespaceOptions } from '@srcon/ns-unshare'
import { leastEnvironment, withVariables } from './environment.ts'
import { defaultMaps } from './ids.ts'
import { OWNED, SHARED } from './options.ts'
import { caps, cgroup, fs, ns, seccomp, type Facts } from './tools.ts'

const HOSTNAME = 'srcon'

/** A config with every wall, and what is said. Throws a ToolError. */
export function newContainer(given: readonly Given[], facts: Facts): OciConfig {
  const shared = valuesOf(given, 'share')
  const root = valueOf(given, 'root')
  if (root !== undefined) refuseNoDirectory(root, facts)
  let config = ns.configure(newConfig(), namespacesOf(given, shared, root, facts), facts.ns())
  config = fs.configure(config, rootOf(given, shared, root), facts.fs())
  config = withLimits(config, given, facts)
  config = caps.configure(config, capabilitiesOf(given), facts.caps())
  config = seccomp.configure(config, seccomp.read(wordsFor('seccomp', given)), facts.seccomp())
  return withOwn(config, given, facts)
}

/** A config that was read, and what is said. Throws a ToolError. */
export function extendConfig(config: OciConfig, given: readonly Given[], facts: Facts): OciConfig {
  const only = given.find(({ name }) => name === 'share' || name === 'unmask')
  if (only) throw usage('srcon', `--${only.name} is for a new config`, 'a config that is read says by itself which walls it has')
  const root = valueOf(given, 'root')
  if (root !== undefined) refuseNoDirectory(root, facts)
  const has = (tool: keyof typeof OWNED): boolean => wordsFor(tool, given).given.length > 0
  let all = config
  if (has('ns')) all = ns.configure(all, ns.read(wordsFor('ns', given)), facts.ns())
  if (has('fs') || root !== undefined) all = fs.configure(all, fs.read({ ...wordsFor('fs', given), positionals: root === undefined ? [] : [root] }), facts.fs())
  all = withLimits(all, given, facts)
  if (has('caps')) all = caps.configure(all, caps.read(wordsFor('caps', given)), facts.caps())
  if (has('seccomp')) all = seccomp.configure(all, seccomp.read(wordsFor('seccomp', given)), facts.seccomp())
  return withOwn(all, given, facts)
}

/** The words that belong to a tool, as its own command line has them. */
function wordsFor(tool: keyof typeof OWNED, given: readonly Given[], before: readonly Given[] = []): ScannedLink {
  const names: readonly string[] = OWNED[tool]
  return { tool, verb: '', given: [...before, ...given.filter(({ name }) => names.includes(name))], positionals: [] }
}

export function valueOf(given: readonly Given[], name: string): string | undefined {
  return valuesOf(given, name).at(-1)
}

export function valuesOf(given: readonly Given[], name: string): string[] {
  return given.flatMap(each => (each.name === name && each.value !== true ? [each.value] : []))
}

function refuseNoDirectory(root: string, { isDirectory }: Facts): void {
  if (isDirectory(root)) return
  throw new ToolError('srcon', `cannot use ${root} as root`, { code: 'ENOENT', path: root, why: 'there is no directory of this name that this user can reach', hint: 'rootfs-fetch makes one and prints its path' })
}

function namespacesOf(given: readonly Given[], shared: readonly string[], root: string | undefined, facts: Facts): NamespaceOptions {
  const said = ns.read(wordsFor('ns', given))
  const kinds = Object.fromEntries(SHARED.filter(kind => kind !== 'user' && !shared.includes(kind)).map(kind => [kind, true]))
  const user = shared.includes('user') || said.mapUsers || said.mapGroups ? {} : defaultMaps(facts.ns(), root !== undefined)
  const hostname = shared.includes('uts') ? {} : { hostname: HOSTNAME }
  return { ...kinds, mount: true, ...user, ...hostname, ...said }
}

/** Without `--root` the host's own tree. Limits of a new /proc: see chroot-fs. */
function rootOf(given: readonly Given[], shared: readonly string[], root: string | undefined): ChrootOptions {
  const bare = given.some(({ name }) => name === 'unmask')
  const open = (options: ChrootOptions): ChrootOptions => (bare ? { ...options, masks: valuesOf(given, 'mask'), readOnlyPaths: [] } : options)
  const proc = { name: shared.includes('pid') ? 'bind-proc' : 'proc', value: true } as const
  if (root === undefined) return open(hostRoot(fs.read(wordsFor('fs', given, shared.includes('pid') ? [proc] : []))))
  const standard: Given[] = [proc, ...['sys', 'dev', 'default-masks'].map((name): Given => ({ name, value: true }))]
  const options = fs.read({ ...wordsFor('fs', given, standard), positionals: [root] })
  const fresh = fs.read({ tool: 'chroot-fs', verb: '', positionals: [], given: [{ name: 'tmpfs', value: '/tmp:mode=1777' }, { name: 'tmpfs', value: '/run:mode=755' }] })
  return open({ ...options, mounts: [...fresh.mounts.filter(({ target }) => !options.mounts.some(each => each.target === target)), ...options.mounts] })
}

/** As Docker reads --cap-drop and --cap-add: changes of the default set, unless all of it goes. */
function capabilitiesOf(given: readonly Given[]): ReturnType<typeof caps.read> {
  const all = valuesOf(given, 'drop').some(list => list.toLowerCase().split(',').includes('all'))
  return { ...caps.read(wordsFor('caps', given, all ? [] : [{ name: 'keep', value: 'docker' }])), noNewPrivs: true }
}

/** Limits only where they are asked for. */
function withLimits(config: OciConfig, given: readonly Given[], facts: Facts): OciConfig {
  const words = wordsFor('cgroup', given)
  return words.given.length === 0 ? config : cgroup.configure(config, cgroup.read(words), facts.cgroup())
}

function withOwn(config: OciConfig, given: readonly Given[], facts: Facts): OciConfig {
  const { process, hostname } = config
  const list = process?.env ?? leastEnvironment({ uid: process?.user?.uid ?? 0, hostname, terminal: facts.env('TERM') })
  const env = withVariables(list, valuesOf(given, 'env'), facts.env)
  const timeout = valueOf(given, 'timeout')
  const out = { ...config, process: { ...process, env } }
  if (timeout === undefined) return out
  return annotate(out, 'srcon', 'timeout-ms', Math.ceil(parseDuration('srcon', '--timeout', timeout, { min: 1000 }) / 1000))
}
