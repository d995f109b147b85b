// Which of the images behind one name is for this machine. OCI has Go's names of architectures; ours, as Alpine and Debian
// write them, are taken too.
import { usage } from '@srcon/kit/error'
import { tool } from '../../native.ts'
import { quoted, type Descriptor, type Platform } from './descriptor.ts'

/** An architecture, and the variants that it runs, the best first; '' is none said. */
export interface WantedPlatform {
  readonly architecture: string
  readonly variants: readonly string[]
}

const plain = ['']
const amd64: WantedPlatform = { architecture: 'amd64', variants: ['', 'v1'] }
const arm64: WantedPlatform = { architecture: 'arm64', variants: ['v8', ''] }
const arm = (newest: number): WantedPlatform => ({ architecture: 'arm', variants: [...[7, 6, 5].filter(n => n <= newest).map(n => `v${n}`), ''] })
const i386: WantedPlatform = { architecture: '386', variants: plain }

const names: Readonly<Record<string, WantedPlatform>> = {
  amd64, x86_64: amd64, x64: amd64, arm64, aarch64: arm64, 386: i386, i386, i686: i386, x86: i386, ia32: i386,
  arm: arm(7), armv7: arm(7), armv7l: arm(7), armhf: arm(7), armv6: arm(6), armel: arm(5),
  ppc64le: { architecture: 'ppc64le', variants: plain }, ppc64el: { architecture: 'ppc64le', variants: plain }, ppc64: { architecture: 'ppc64le', variants: plain },
  loong64: { architecture: 'loong64', variants: plain }, loongarch64: { architecture: 'loong64', variants: plain },
  s390x: { architecture: 's390x', variants: plain }, riscv64: { architecture: 'riscv64', variants: plain }, mips64le: { architecture: 'mips64le', variants: plain },
}

/** From `x86_64`, `amd64`, `arm/v6`, `linux/arm64/v8`; default: of this machine. Throws a ToolError `E_USAGE`. */
export function wantedPlatform(word: string = process.arch): WantedPlatform {
  const [name = '', variant, ...more] = word.replace(/^linux\//, '').split('/')
  const known = Object.hasOwn(names, name) ? names[name] : undefined
  const fits = known !== undefined && more.length === 0 && (variant === undefined || /^v\d{1,2}$/.test(variant))
  if (!fits) throw usage(tool, `${quoted(word)} is no architecture of an image`, `one of ${Object.keys(names).join(', ')}; also linux/arm/v7`)
  if (variant === undefined) return known
  const newest = Number(variant.slice(1))
  // An older variant runs too; on arm64 none said is v8.
  const older = Array.from({ length: newest }, (_, i) => `v${newest - i}`)
  return { architecture: known.architecture, variants: known.architecture === 'arm64' && newest < 8 ? [variant] : [...older, ''] }
}

/** `linux/arm64/v8`. */
export const platformName = ({ os, architecture, variant }: Platform): string => [os, architecture, ...(variant === undefined ? [] : [variant])].join('/')
export const wantedName = ({ architecture, variants: [best = ''] }: WantedPlatform): string => `linux/${architecture}${best === '' ? '' : `/${best}`}`

/** How well it fits, 0 the best; undefined: not at all. */
export function fit({ os, architecture, variant = '' }: Platform, wanted: WantedPlatform): number | undefined {
  const place = os === 'linux' && architecture === wanted.architecture ? wanted.variants.indexOf(variant) : -1
  return place < 0 ? undefined : place
}

/** Not an image at all, but what build tools say of one. */
export function isAttestation({ platform, annotations }: Descriptor): boolean {
  return annotations?.['vnd.docker.reference.type'] === 'attestation-manifest' || (platform?.os === 'unknown' && platform.architecture === 'unknown')
}

/** Those that may be it, the best first; those without a platform, of which only what they point to tells, at the end. Pure. */
export function candidates(manifests: readonly Descriptor[], wanted: WantedPlatform): readonly Descriptor[] {
  const images = manifests.filter(each => !isAttestation(each))
  const fitting = images.flatMap(each => {
    const place = each.platform && fit(each.platform, wanted)
    return place === undefined ? [] : [{ each, place }]
  })
  return [...fitting.sort((a, b) => a.place - b.place).map(({ each }) => each), ...images.filter(({ platform }) => platform === undefined)]
}
