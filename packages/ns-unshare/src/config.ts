// Namespaces as OCI says them: linux.namespaces, linux.uidMappings and gidMappings, hostname,
// linux.timeOffsets; what it has no word for is in annotations. A `path` in a config means to join a
// namespace; a file to *create* is ours. See the runtime-spec, config-linux.md.
import { annotate, annotation, type OciConfig, type OciIdMap, type OciLinux, type OciMount, type OciNamespace } from '@srcon/kit/config'
import { ToolError } from '@srcon/kit/error'
import type { NamespaceFacts } from './facts.ts'
import { mapsOf } from './maps.ts'
import { checkOptions, type IdMap, type Kind, KINDS, type NamespaceOptions, type Propagation, withImplied } from './request.ts'

const TOOL = 'ns-unshare'

const TYPE: Readonly<Record<Kind, OciNamespace['type']>> = { user: 'user', pid: 'pid', mount: 'mount', uts: 'uts', ipc: 'ipc', net: 'network', cgroup: 'cgroup', time: 'time' }

/** Adds the namespaces. `auto` maps are written as numbers, for the caller. Pure. */
export function configure(config: OciConfig, options: NamespaceOptions, facts: NamespaceFacts): OciConfig {
  const all = withImplied(options)
  const kinds = KINDS.filter(kind => all[kind])
  const linux: OciLinux = {
    ...config.linux,
    namespaces: mergeNamespaces(config.linux?.namespaces ?? [], kinds),
    ...(all.user ? mappings(all, facts) : {}),
    ...offsetsOf(config, all),
  }
  const out = { ...config, linux, ...(all.hostname === undefined ? {} : { hostname: all.hostname }), ...(all.mountProc ? { mounts: withProc(config.mounts ?? []) } : {}) }
  return withAnnotations(out, all, kinds)
}

function mergeNamespaces(before: readonly OciNamespace[], kinds: readonly Kind[]): OciNamespace[] {
  const types = kinds.map(kind => TYPE[kind])
  return [...before.filter(({ type }) => !types.includes(type)), ...types.map(type => ({ type }))]
}

function mappings(options: NamespaceOptions, facts: NamespaceFacts): Partial<OciLinux> {
  const { uidMap, gidMap } = mapsOf(options, facts, [])
  const oci = (map: readonly IdMap[]): OciIdMap[] => map.map(({ inside, outside, count }) => ({ containerID: inside, hostID: outside, size: count }))
  return { ...(uidMap.length > 0 ? { uidMappings: oci(uidMap) } : {}), ...(gidMap.length > 0 ? { gidMappings: oci(gidMap) } : {}) }
}

function offsetsOf(config: OciConfig, { monotonic, boottime }: NamespaceOptions): Partial<OciLinux> {
  if (monotonic === undefined && boottime === undefined) return {}
  return { timeOffsets: { ...config.linux?.timeOffsets, ...(monotonic === undefined ? {} : { monotonic: { secs: monotonic } }), ...(boottime === undefined ? {} : { boottime: { secs: boottime } }) } }
}

function withProc(mounts: readonly OciMount[]): readonly OciMount[] {
  if (mounts.some(({ destination, type }) => destination === '/proc' && type === 'proc')) return mounts
  return [...mounts, { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] }]
}

function withAnnotations(config: OciConfig, options: NamespaceOptions, kinds: readonly Kind[]): OciConfig {
  const files = Object.fromEntries(kinds.flatMap(kind => (typeof options[kind] === 'string' ? [[kind, options[kind]]] : [])))
  const said: Record<string, unknown> = {
    ...(Object.keys(files).length > 0 ? { files } : {}),
    ...(options.setgroups ? { setgroups: options.setgroups } : {}),
    ...(options.propagation && options.propagation !== 'private' ? { propagation: options.propagation } : {}),
    ...(options.init === undefined ? {} : { init: options.init }),
    ...(options.loopback ? { loopback: true } : {}),
    // One line says the same by itself; among others it is the one to become.
    ...(options.mapCurrentUser && (config.linux?.uidMappings?.length ?? 0) > 1 ? { mapCurrentUser: true } : {}),
  }
  return Object.entries(said).reduce((out, [key, value]) => annotate(out, TOOL, key, value), config)
}

/** The options that a config stands for; undefined where it names no namespace. Throws a ToolError `E_INPUT`. Pure. */
export function fromConfig(config: OciConfig): NamespaceOptions | undefined {
  const { linux, hostname } = config
  const kinds = (linux?.namespaces ?? []).map(kindOf)
  if (kinds.length === 0 && hostname === undefined && !linux?.uidMappings && !linux?.gidMappings && !linux?.timeOffsets) return undefined
  const wanted = Object.fromEntries(kinds.map(kind => [kind, true])) as Partial<NamespaceOptions>
  const current = annotation(config, TOOL, 'mapCurrentUser') === true
  const options: NamespaceOptions = {
    ...wanted,
    ...files(config),
    ...fromMappings(linux, current),
    ...(hostname === undefined || hostname === '' ? {} : { hostname }),
    ...fromOffsets(linux),
    ...annotated(config),
  }
  checkOptions(options)
  return options
}

function kindOf({ type, path }: OciNamespace): Kind {
  const kind = KINDS.find(each => TYPE[each] === type)
  if (!kind) throw unusable(`a namespace of the unknown type '${type}'`, 'leave it out')
  if (path !== undefined && path !== '') throw unusable(`joining the ${type} namespace at ${path}`, 'leave the path out: then a new one is made')
  return kind
}

function files(config: OciConfig): Partial<NamespaceOptions> {
  const said = annotation(config, TOOL, 'files')
  if (typeof said !== 'object' || said === null) return {}
  return Object.fromEntries(Object.entries(said).filter(([kind, path]) => (KINDS as readonly string[]).includes(kind) && typeof path === 'string'))
}

function fromMappings(linux: OciLinux | undefined, current: boolean): Partial<NamespaceOptions> {
  const ours = (map: readonly OciIdMap[] = []): IdMap[] => map.map(({ containerID, hostID, size }) => ({ inside: containerID, outside: hostID, count: size }))
  const [users, groups] = [ours(linux?.uidMappings), ours(linux?.gidMappings)]
  // The first line is the one that mapCurrentUser makes.
  const rest = (map: IdMap[]): IdMap[] => (current ? map.slice(1) : map)
  const [mapUsers, mapGroups] = [rest(users), rest(groups)]
  return { ...(current ? { mapCurrentUser: true } : {}), ...(mapUsers.length > 0 ? { mapUsers } : {}), ...(mapGroups.length > 0 ? { mapGroups } : {}) }
}

function fromOffsets(linux: OciLinux | undefined): Partial<NamespaceOptions> {
  const seconds: { monotonic?: number; boottime?: number } = {}
  for (const [clock, { secs = 0, nanosecs = 0 }] of Object.entries(linux?.timeOffsets ?? {})) {
    if (clock !== 'monotonic' && clock !== 'boottime') throw unusable(`an offset of the clock '${clock}'`, 'the kernel moves monotonic and boottime')
    if (nanosecs !== 0) throw unusable(`an offset of ${nanosecs} nanoseconds`, 'whole seconds can be set')
    seconds[clock] = secs
  }
  return seconds
}

function annotated(config: OciConfig): Partial<NamespaceOptions> {
  const setgroups = annotation(config, TOOL, 'setgroups')
  const propagation = annotation(config, TOOL, 'propagation')
  const init = annotation(config, TOOL, 'init')
  return {
    ...(setgroups === 'allow' || setgroups === 'deny' ? { setgroups } : {}),
    ...(typeof propagation === 'string' ? { propagation: propagation as Propagation } : {}),
    ...(typeof init === 'boolean' ? { init } : {}),
    ...(annotation(config, TOOL, 'loopback') === true ? { loopback: true } : {}),
  }
}

function unusable(what: string, hint: string): ToolError {
  return new ToolError(TOOL, `cannot do what the config asks for: ${what}`, { code: 'E_INPUT', hint })
}
