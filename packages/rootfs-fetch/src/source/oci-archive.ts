// The source `oci-archive:FILE[:TAG|@DIGEST]`: an OCI layout in a tar, which may be compressed as a whole.
import { resolve } from 'node:path'
import { pinnedDigests } from '../pinned.ts'
import type { SourceKind } from './kind.ts'
import { wantedLayout } from './oci/layout.ts'
import { wantedPlatform } from './oci/platform.ts'
import { isFile, placeOf, splitPlace } from './oci/store.ts'
import { openTar } from './oci/tar-store.ts'

export const kind: SourceKind = {
  read(source, options) {
    const word = placeOf(source, 'oci-archive:FILE, oci-archive:FILE:TAG, oci-archive:FILE@sha256:…')
    wantedPlatform(options.arch)
    return wantedLayout('oci-archive', word, options.arch, pinnedDigests(options).length > 0 ? ['pinned'] : [], async ask => {
      const { path, tag, digest } = splitPlace(word, isFile)
      return { store: await openTar(resolve(path), ask), which: { tag, digest } }
    })
  },
}
