// The sources by name. What is here is data: the module of a source is loaded when its word is asked for.
import { usage } from '@srcon/kit/error'
import { nearest } from '@srcon/kit/suggest'
import type { SourceKind, SourceWord } from './source/kind.ts'

/** The lock file where none is named. */
export const lockName = 'rootfs-fetch.lock.json'

/** Options that not every source knows. */
export type SourceOption = 'mirror' | 'arch' | 'offline' | 'insecure' | 'key' | 'variant' | 'include' | 'components' | 'bootstrap' | 'max-age'

export interface SourceRow {
  /** As help shows it. */
  readonly form: string
  readonly about: string
  readonly takes: readonly SourceOption[]
  load(): Promise<{ readonly kind: SourceKind }>
}

export const sources: Readonly<Record<string, SourceRow>> = {
  alpine: {
    form: 'alpine[:VERSION|latest|edge]', about: 'Alpine\'s minirootfs', takes: ['mirror', 'arch', 'offline', 'insecure', 'key'],
    load: async () => await import('./source/alpine.ts'),
  },
  debian: {
    form: 'debian[:SUITE]', about: 'a Debian, made by mmdebstrap or debootstrap', takes: ['mirror', 'arch', 'offline', 'insecure', 'key', 'variant', 'include', 'components', 'bootstrap', 'max-age'],
    load: async () => await import('./source/debian.ts'),
  },
  ubuntu: {
    form: 'ubuntu[:VERSION]', about: 'Ubuntu\'s base archive', takes: ['mirror', 'arch', 'offline', 'insecure', 'key'],
    load: async () => await import('./source/ubuntu.ts'),
  },
  lxc: {
    form: 'lxc:DIST/RELEASE', about: 'an image of linuxcontainers.org', takes: ['mirror', 'arch', 'offline', 'insecure', 'key'],
    load: async () => await import('./source/lxc.ts'),
  },
  oci: { form: 'oci:DIR[:TAG|@DIGEST]', about: 'an image of an OCI layout', takes: ['arch'], load: async () => await import('./source/oci.ts') },
  'oci-archive': { form: 'oci-archive:FILE[:TAG]', about: 'the same in a tar', takes: ['arch'], load: async () => await import('./source/oci-archive.ts') },
  'docker-archive': { form: 'docker-archive:FILE[:NAME]', about: 'an image as docker save writes it', takes: ['arch'], load: async () => await import('./source/docker-archive.ts') },
  docker: {
    form: 'docker://NAME[:TAG][@DIGEST]', about: 'an image in a registry', takes: ['mirror', 'arch', 'offline'],
    load: async () => await import('./source/docker.ts'),
  },
  dir: { form: 'dir PATH', about: 'a directory as it is', takes: [], load: async () => await import('./source/dir.ts') },
  busybox: { form: 'busybox[:FILE]', about: 'a tiny root of the host\'s static busybox', takes: [], load: async () => await import('./source/busybox.ts') },
  host: { form: 'host', about: 'this host\'s own tree as a read-only view', takes: [], load: async () => await import('./source/host.ts') },
  tar: { form: 'tar FILE|URL', about: 'an archive', takes: ['insecure', 'offline'], load: async () => await import('./source/tar.ts') },
}

const tool = 'rootfs-fetch'

/** From words to a source that there is; throws a ToolError `E_USAGE`. What stands behind the name is read by its module. */
export function splitSource(word: string, file?: string): SourceWord {
  const colon = word.indexOf(':')
  const name = colon < 0 ? word : word.slice(0, colon)
  if (!Object.hasOwn(sources, name)) {
    const near = nearest(name, Object.keys(sources))
    throw usage(tool, `unknown source '${word}'`, near === undefined ? `one of ${forms()}` : `did you mean ${near}?`)
  }
  return { name, rest: colon < 0 ? undefined : word.slice(colon + 1), file }
}

/** All sources as help shows them. */
export function forms(): string {
  return Object.values(sources).map(({ form }) => form).join(', ')
}

export async function loadSource({ name }: SourceWord): Promise<SourceKind> {
  const row = sources[name]
  if (!row) throw usage(tool, `unknown source '${name}'`, `one of ${forms()}`)
  return (await row.load()).kind
}
