// Root file systems as a library: `const { path } = await fetchRootfs('alpine:3.20', { signal })`.
export { defaultCache, type TreeReport, type Verified } from './cache.ts'
export { fetchRootfs, type FetchOptions, type Progress, type Rootfs } from './fetch.ts'
export { parseSource, type Source } from './source.ts'
export { ToolError } from '@srcon/kit/error'
