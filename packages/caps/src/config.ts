// Capabilities as OCI says them: process.capabilities, process.user, process.noNewPrivileges. A config
// has sets, not changes, so what is dropped is taken from the sets that it has or else from what the
// process that runs it would have. See the runtime-spec, config.md.
import { annotate, annotation, type OciCapabilities, type OciConfig } from '@srcon/kit/config'
import { ToolError } from '@srcon/kit/error'
import type { CapsFacts } from './facts.ts'
import { nothing } from './lists.ts'
import { fullSet, namesOf, numberOf, setOf, without } from './names.ts'
import { readPdeathsig } from './parent-death.ts'
import { type GroupsRequest, readUser, type Request } from './request.ts'
import { SET_NAMES } from './scoped.ts'
import { readSecurebits } from './securebits.ts'
import type { State } from './state.ts'
import { targetOf } from './target.ts'
import { namesSets, wantedOf } from './wanted.ts'

/** Adds the request. Pure; throws a ToolError where it asks for what is not there. */
export function configure(config: OciConfig, request: Request, facts: CapsFacts): OciConfig {
  const capabilities = capabilitiesOf(config, request, facts)
  const user = userOf(config, request)
  const process = {
    ...config.process,
    ...(capabilities ? { capabilities } : {}),
    ...(user ? { user } : {}),
    ...(request.noNewPrivs ? { noNewPrivileges: true } : {}),
  }
  return annotated({ ...config, process }, request)
}

function capabilitiesOf(config: OciConfig, request: Request, facts: CapsFacts): OciCapabilities | undefined {
  const { drop, keep, ambient, sets } = request
  if (namesSets(request)) {
    const wanted = wantedOf(request, baseOf(config, facts))
    return { ...config.process?.capabilities, ...Object.fromEntries(SET_NAMES.map(name => [name, namesOf(wanted[name])])) }
  }
  if (!drop && !keep && !ambient && !sets) return undefined
  const base = baseOf(config, facts)
  const target = targetOf(request, base)
  const set = target.keep ?? without(base.permitted & base.bounding, target.drop ?? 0n)
  const names = namesOf(set)
  const raised = namesOf(target.ambient ?? base.ambient & set)
  const inheritable = target.keep === undefined ? namesOf(without(base.inheritable, target.drop ?? 0n) | setOf(raised)) : raised
  return { ...config.process?.capabilities, bounding: names, effective: names, permitted: names, inheritable, ambient: raised, ...sets }
}

/** The sets that changes start from. */
function baseOf(config: OciConfig, facts: CapsFacts): State {
  const said = config.process?.capabilities
  if (said) {
    const bounding = setOf(known(said.bounding))
    return { ...facts, bounding, permitted: said.permitted ? setOf(known(said.permitted)) : bounding, inheritable: setOf(known(said.inheritable)), ambient: setOf(known(said.ambient)) }
  }
  if (!config.linux?.namespaces?.some(({ type }) => type === 'user')) return facts
  const full = fullSet(facts.lastCap)
  return { ...facts, bounding: full, permitted: full, inheritable: 0n, ambient: 0n }
}

/** What OCI has no word for. */
function annotated(config: OciConfig, { groups, user, group, securebits, pdeathsig }: Request): OciConfig {
  const named = groups === 'keep' || groups === 'of-user' || (Array.isArray(groups) && groups.some(each => typeof each === 'string')) ? groups : undefined
  const said = { groups: named, user, group, securebits, pdeathsig }
  return Object.entries(said).reduce((out, [key, value]) => (value === undefined ? out : annotate(out, 'caps', key, value)), config)
}

function userOf(config: OciConfig, { uid, gid, groups }: Request): NonNullable<OciConfig['process']>['user'] {
  if (uid === undefined && gid === undefined && !Array.isArray(groups)) return undefined
  const additionalGids = Array.isArray(groups) && groups.every(each => typeof each === 'number') ? (groups as readonly number[]) : undefined
  return { ...config.process?.user, ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }), ...(additionalGids ? { additionalGids } : {}) }
}

/** What a config asks for; undefined where it says nothing of this. Throws a ToolError `E_INPUT`. Pure. */
export function fromConfig(config: OciConfig): Request | undefined {
  const { process } = config
  const request: Request = {
    ...setsOf(process?.capabilities),
    ...userRequest(process?.user, annotation(config, 'caps', 'groups')),
    ...fromAnnotations(config),
    ...(process?.noNewPrivileges === true ? { noNewPrivs: true as const } : {}),
  }
  return Object.keys(request).length === 0 ? undefined : request
}

function setsOf(capabilities: OciCapabilities | undefined): Request {
  if (!capabilities) return {}
  const { bounding, effective, permitted, inheritable, ambient } = capabilities
  const given = { ...(effective ? { effective: known(effective) } : {}), ...(permitted ? { permitted: known(permitted) } : {}), ...(inheritable ? { inheritable: known(inheritable) } : {}) }
  return {
    keep: { must: known(bounding), may: [] },
    // Where nothing is inheritable nothing is ambient.
    ...(ambient?.length ? { ambient: { must: known(ambient), may: [] } } : inheritable?.length ? { ambient: nothing } : {}),
    ...(Object.keys(given).length === 0 ? {} : { sets: given }),
  }
}

function userRequest(user: NonNullable<OciConfig['process']>['user'], said: unknown): Request {
  const named = said === undefined ? undefined : groupsOf(said)
  if (!user) return named === undefined ? {} : { groups: named }
  const groups = named ?? user.additionalGids ?? 'clear-if-allowed'
  return { ...(user.uid === undefined ? {} : { uid: user.uid }), ...(user.gid === undefined ? {} : { gid: user.gid }), groups }
}

/** Names of a config, which is input like any other. */
function known(names: readonly string[] | undefined): readonly string[] {
  for (const name of names ?? []) {
    if (numberOf(name) === undefined) throw new ToolError('caps', `unknown capability '${name}' in process.capabilities`, { code: 'E_INPUT', hint: 'names are as the kernel writes them: CAP_NET_RAW' })
  }
  return names ?? []
}

/** Annotations are read as strictly as words: what they say is put into words again. */
function fromAnnotations(config: OciConfig): Request {
  const user = annotation(config, 'caps', 'user')
  const group = annotation(config, 'caps', 'group')
  const bits = annotation(config, 'caps', 'securebits')
  const signal = annotation(config, 'caps', 'pdeathsig')
  const { set = [], clear = [] } = (bits ?? {}) as { set?: unknown; clear?: unknown }
  if (!isWords(set) || !isWords(clear)) throw wrong('securebits')
  const signed = [...set.map(name => `+${name}`), ...clear.map(name => `-${name}`)]
  return {
    ...(user === undefined ? {} : { user: nameOf('user', user) }),
    ...(group === undefined ? {} : { group: nameOf('group', group) }),
    ...(signed.length === 0 ? {} : { securebits: read('securebits', () => readSecurebits(signed.join(','))) }),
    ...(signal === undefined ? {} : { pdeathsig: read('pdeathsig', () => readPdeathsig(typeof signal === 'string' ? signal : JSON.stringify(signal))) }),
  }
}

function groupsOf(said: unknown): GroupsRequest {
  if (said === 'keep' || said === 'of-user') return said
  if (!Array.isArray(said)) throw wrong('groups')
  return said.map((each: unknown) => (typeof each === 'number' && Number.isInteger(each) && each >= 0 && each < 2 ** 32 - 1 ? each : nameOf('groups', each)))
}

function nameOf(key: string, value: unknown): string {
  const { user } = read(key, () => readUser(String(value).replaceAll(':', ' ')))
  if (typeof value !== 'string' || user === undefined) throw wrong(key)
  return user
}

function isWords(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(each => typeof each === 'string')
}

function read<T>(key: string, reader: () => T): T {
  try {
    return reader()
  } catch (cause) {
    throw new ToolError('caps', `unusable annotation dev.srcon.caps.${key}: ${(cause as Error).message}`, { code: 'E_INPUT', cause })
  }
}

function wrong(key: string): ToolError {
  return new ToolError('caps', `unusable annotation dev.srcon.caps.${key}`, { code: 'E_INPUT' })
}
