// The words of `pack` that are of an image, read and held against what an image can say.
import { usage } from '@srcon/kit/error'
import type { Given } from '@srcon/kit/table'
import type { Compression } from '../compression.ts'
import { tool } from '../native.ts'
import { imageTarget, packImageArchive, packLayout, type ImageOptions, type PackedImage } from '../pack-image.ts'

/** `target`: `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`. Throws a ToolError. */
export async function packTo(directory: string, target: string, given: readonly Given[], latest: number | undefined): Promise<PackedImage> {
  const all = (name: string): readonly string[] | undefined => {
    const words = given.flatMap(each => (each.name === name && typeof each.value === 'string' ? each.value : []))
    return words.length > 0 ? words : undefined
  }
  const [one, env] = [(name: string): string | undefined => all(name)?.at(-1), all('env')]
  const odd = env?.find(each => !/^[^=]+=/.test(each))
  if (odd !== undefined) throw usage(tool, `--env: '${odd}' is no NAME=VALUE`)
  const workdir = one('workdir')
  if (workdir !== undefined && !workdir.startsWith('/')) throw usage(tool, `--workdir: '${workdir}' is not absolute`, 'paths in an image begin with /')
  const place = imageTarget(target)
  if (!place) throw usage(tool, `'${target}' is no image`)
  const options: ImageOptions = {
    tag: place.tag, latest, arch: one('arch'), compression: one('compress') as Compression | undefined,
    config: { cmd: all('cmd'), entrypoint: all('entrypoint'), env, user: one('user'), workdir },
  }
  return await (place.form === 'oci' ? packLayout : packImageArchive)(directory, place.path, options)
}
