// The name of an image in a registry, as Docker reads it: `alpine` is docker.io/library/alpine:latest. Pure.
// https://github.com/distribution/reference, grammar in reference.go
import { usage } from '@srcon/kit/error'
import { isDigest, type Digest } from '../../digest.ts'
import { escapeControl } from '../../escape.ts'
import { tool } from '../../native.ts'

export interface Reference {
  /** `docker.io`, `quay.io`, `127.0.0.1:5000`. */
  readonly domain: string
  /** Below it: `library/alpine`. */
  readonly path: string
  readonly tag: string | undefined
  readonly digest: Digest | undefined
}

const DOCKER = 'docker.io'
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const label = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const domainForm = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?$`)
const pathForm = new RegExp(`^${component}(?:/${component})*$`)

/** `NAME[:TAG][@DIGEST]`. Throws a ToolError `E_USAGE`. */
export function readReference(word: string): Reference {
  const refuse = (why: string): Error => usage(tool, `'${escapeControl(word)}' is no image: ${why}`, 'for example docker://alpine:3.20, docker://quay.io/NAME/IMAGE@sha256:…')
  const at = word.indexOf('@')
  const digest = at < 0 ? undefined : word.slice(at + 1)
  if (digest !== undefined && !isDigest(digest)) throw refuse('behind @ stands a digest, sha256:… or sha512:…')
  const named = at < 0 ? word : word.slice(0, at)
  // A port has a slash behind it, a tag has none.
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1)
  const tag = colon < 0 ? undefined : named.slice(colon + 1)
  if (tag !== undefined && !/^\w[\w.-]{0,127}$/.test(tag)) throw refuse('a tag has letters, digits, _ . -, at most 128')
  const { domain, path } = splitDomain(colon < 0 ? named : named.slice(0, colon))
  if (!domainForm.test(domain)) throw refuse(`${escapeControl(domain)} is no registry`)
  if (!pathForm.test(path)) throw refuse('names are lower case: letters, digits, and . _ - between them')
  if (domain.length + path.length > 254) throw refuse('it is longer than 255 bytes')
  return { domain, path, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest }
}

/** What stands before the first slash is a registry if it looks like one. */
function splitDomain(name: string): Pick<Reference, 'domain' | 'path'> {
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(slash, 0))
  if (slash < 0 || !(/[.:A-Z]/.test(first) || first === 'localhost')) return { domain: DOCKER, path: slash < 0 ? `library/${name}` : name }
  const path = name.slice(slash + 1)
  if (first !== DOCKER && first !== 'index.docker.io') return { domain: first, path }
  return { domain: DOCKER, path: path.includes('/') ? path : `library/${path}` }
}

/** As a user would write it again, as short as it can be and still be the same name: a part of docker.io's path may look like a registry. */
export function nameOf({ domain, path, tag, digest }: Reference): string {
  const again = splitDomain(path.replace(/^library\//, ''))
  const full = `${domain}/${path}`
  const short = domain === DOCKER && again.domain === DOCKER && again.path === path ? path.replace(/^library\//, '') : full
  return `docker://${short}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}

/** Where the registry answers: docker.io by another name; this machine without TLS, as Docker does. */
export function baseOf({ domain }: Reference): URL {
  if (domain === DOCKER) return new URL('https://registry-1.docker.io/')
  const https = new URL(`https://${domain}/`)
  return isLoopback(https.hostname) ? new URL(`http://${domain}/`) : https
}

/** A name or an address of this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
}

/** Under which path of the cache it is remembered. No two names share one: a tag may be `sha256-…`, as signatures have it, and must not pass for a digest. */
export function refOf({ domain, path, tag, digest }: Reference, arch: string): string {
  const safe = encodeURIComponent
  return `docker/${safe(domain)}/${path.split('/').map(safe).join('/')}/${safe(digest ?? tag ?? '')}@${safe(arch)}.json`
}
