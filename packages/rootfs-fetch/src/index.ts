// Root file systems as a library: `const { path } = await fetchRootfs('alpine:3.20', { signal })`.
export { Cache, defaultCache, type TreeReport } from './cache.ts'
export type { Digest } from './digest.ts'
export { fetchRootfs, type FetchOptions, type Progress, type Rootfs } from './fetch.ts'
export type { ImageConfig, Use, Verified } from './source/kind.ts'
export { packImageArchive, packLayout, type ImageOptions, type PackedImage } from './pack-image.ts'
export { pack, packInto, type Compression, type Packed, type PackOptions } from './pack.ts'
export { add, unpack, Unpacker, type ArchiveOptions, type Limits, type Sum, type UnpackOptions } from './unpack.ts'
export { ToolError } from '@srcon/kit/error'
