// The source `oci:DIR[:TAG|@DIGEST]`: an image of an OCI layout, as umoci, skopeo and others write it. Its layers are unpacked from
// where they lie: nothing is copied.
import { existsSync, realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { usage } from '@srcon/kit/error'
import { failedCall, tool } from '../native.ts'
import { pinnedDigests } from '../pinned.ts'
import type { SourceKind } from './kind.ts'
import { openFolder } from './oci/folder.ts'
import { wantedLayout } from './oci/layout.ts'
import { wantedPlatform } from './oci/platform.ts'
import { placeOf, splitPlace } from './oci/store.ts'

export const kind: SourceKind = {
  read(source, options) {
    const word = placeOf(source, 'oci:DIR, oci:DIR:TAG, oci:DIR@sha256:…')
    if (pinnedDigests(options).length > 0) throw usage(tool, '--sha256 and --sha512 are not for oci', 'an image is pinned by its digest: oci:DIR@sha256:…')
    wantedPlatform(options.arch)
    return wantedLayout('oci', word, options.arch, [], async () => {
      const { path, tag, digest } = splitPlace(word, each => ['index.json', 'oci-layout'].some(name => existsSync(join(each, name))))
      return { store: await openFolder(real(path)), which: { tag, digest } }
    })
  },
}

function real(path: string): string {
  try {
    return realpathSync(resolve(path))
  } catch (cause) {
    throw failedCall(`cannot open ${path}`, cause, path)
  }
}
