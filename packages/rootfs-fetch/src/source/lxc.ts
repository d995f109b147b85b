// The source `lxc:DIST/RELEASE[/VARIANT]`: images as linuxcontainers.org builds them every day. The index has one line an image,
// `dist;release;arch;variant;build;path`; beside PATH/rootfs.tar.xz lie SHA256SUMS or a signature, rootfs.tar.xz.asc.
import { ToolError, usage } from '@srcon/kit/error'
import { parseSums, verifyDigest } from '../digest.ts'
import { Mirror } from '../mirror.ts'
import { tool } from '../native.ts'
import { pinnedDigests } from '../pinned.ts'
import { debianArch } from './debian/architecture.ts'
import type { Ask, Found, Listed, SourceKind, Verified, Wanted } from './kind.ts'
import { keyFileOf, readSigned } from './signed-file.ts'

const publisher = { name: 'linuxcontainers.org', fingerprint: 'E7FB0CAEC8173D669066514CBAEFF88C22F6E216' }
const lxcMirror = 'https://images.linuxcontainers.org/'
const ARCHIVE = 'rootfs.tar.xz'

interface Image {
  readonly dist: string
  readonly release: string
  readonly arch: string
  readonly variant: string
  readonly build: string
  /** Below the mirror. */
  readonly path: string
}

export const kind: SourceKind = {
  read({ rest, file }, { arch = debianArch() }): Wanted {
    const [dist = '', release = '', variant = 'default', ...more] = (rest ?? '').split('/')
    // `list lxc` and `list lxc:alpine` name no image.
    const words = [dist, release, variant].every(word => /^(?:\w[\w.+-]{0,40})?$/.test(word)) && more.length === 0 && file === undefined
    if (!words) throw usage(tool, `'lxc:${rest ?? ''}' is no image`, 'for example lxc:alpine/3.22, lxc:debian/trixie/cloud')
    return {
      source: rest === undefined ? 'lxc' : `lxc:${rest}`,
      find: async ask => {
        if (dist === '' || release === '') throw usage(tool, 'lxc needs an image', 'lxc:DIST/RELEASE, for example lxc:alpine/3.22; rootfs-fetch list lxc names them')
        return await find(ask, { dist, release, variant, arch })
      },
      list: async ask => (await imagesOf(ask, mirrorOf(ask))).images.filter(image => image.arch === arch && (dist === '' || image.dist === dist) && (release === '' || image.release === release)).map(rowOf),
    }
  },
}

function rowOf({ dist, release, arch, variant, build }: Image): Listed {
  return { source: `lxc:${dist}/${release}${variant === 'default' ? '' : `/${variant}`}`, version: build, arch, date: build.replace(/^(\d{4})(\d\d)(\d\d).*$/, '$1-$2-$3') }
}

function mirrorOf({ options }: Ask): Mirror {
  return new Mirror(options.mirror ?? (process.env['SRCON_LXC_MIRROR'] || lxcMirror))
}

async function imagesOf(ask: Ask, mirror: Mirror): Promise<{ images: Image[]; signedBy: string | undefined; warnings: readonly string[] }> {
  const url = mirror.url('meta/1.0/index-system')
  const index = await readSigned(ask, { url, signature: new URL(`${url.href}.asc`), publisher, keyrings: [], limit: 8 << 20 })
  if (!index) throw new ToolError(tool, `${url.href} does not exist`, { code: 'E_NOT_FOUND', hint: 'try another --mirror' })
  const images = index.text.split('\n').flatMap(line => {
    const [dist, release, arch, variant, build, path] = line.trim().split(';')
    // The path goes into an address: it must stay below the mirror.
    const fits = path !== undefined && /^\/?[\w.+:%/-]+\/?$/.test(path) && !path.split('/').includes('..')
    return fits && dist && release && arch && variant && build && /^[\w:.-]{1,40}$/.test(build) ? [{ dist, release, arch, variant, build, path: path.replace(/^\/|\/$/g, '') }] : []
  })
  return { images, signedBy: index.signedBy, warnings: index.warnings }
}

async function find(ask: Ask, { dist, release, variant, arch }: Omit<Image, 'build' | 'path'>): Promise<Found> {
  const { options, client, signal, cache } = ask
  const name = `lxc:${dist}/${release}${variant === 'default' ? '' : `/${variant}`}`
  const ref = `lxc/${arch}/${dist}-${release}-${variant}.json`
  if (options.offline) {
    const known = cache.ref(ref)
    const [digest] = known?.digests ?? []
    if (!known || digest === undefined) throw new ToolError(tool, `${name} for ${arch} is not in the cache`, { code: 'E_NOT_FOUND', path: cache.root, hint: 'leave --offline out once' })
    return { source: name, version: known.version, arch, verified: known.verified, signedBy: known.signedBy, archives: [{ label: name, digests: [digest], says: 'the cache' }], warnings: [] }
  }
  const mirror = mirrorOf(ask)
  const { images, signedBy, warnings } = await imagesOf(ask, mirror)
  const image = images.filter(each => each.dist === dist && each.release === release && each.variant === variant && each.arch === arch).sort((a, b) => (a.build < b.build ? 1 : -1))[0]
  if (!image) throw new ToolError(tool, `no ${name} for ${arch} on ${mirror.base.href}`, { code: 'E_NOT_FOUND', hint: `rootfs-fetch list lxc:${dist} names what there is` })
  const url = mirror.url(`${image.path}/${ARCHIVE}`)
  const pinned = pinnedDigests(options)
  const sum = parseSums('sha256', (await client.text(new URL('SHA256SUMS', url), { signal })) ?? '').get(ARCHIVE)
  const same = pinned.find(each => each.startsWith('sha256'))
  if (same !== undefined && sum !== undefined) verifyDigest(`${name} on ${mirror.base.href}`, sum, same, 'the given sum')
  const key = keyFileOf(ask, [])
  const signature = key && (await (await import('../openpgp.ts')).detachedSignature({ url, signature: new URL(`${url.href}.asc`), publisher, client, signal, ...key }))
  if (sum === undefined && !signature && pinned.length === 0 && !options.insecure) {
    throw new ToolError(tool, `there is no sum for ${url.href}`, { code: 'E_CHECKSUM', hint: 'give the sum with --sha256 or the key with --key, or take it on trust with --insecure' })
  }
  const verified: readonly Verified[] = pinned.length > 0 ? ['pinned'] : sum === undefined ? [] : ['mirror']
  return {
    source: name, version: image.build, arch, verified, ref,
    archives: [{ label: `${dist}-${release}-${ARCHIVE}`, digests: [...new Set([...(sum === undefined ? [] : [sum]), ...pinned])], says: pinned.length > 0 ? 'the given sum' : 'SHA256SUMS', from: { url }, check: signature?.check }],
    warnings: pinned.length > 0 || mirror.local ? [] : [...warnings, ...(verified.length === 0 && !signature ? [`nobody vouches for ${url.href}`] : [])],
    facts: { build: image.build, ...(signedBy === undefined ? {} : { indexSignedBy: signedBy }) },
  }
}
