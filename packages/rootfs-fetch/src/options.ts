// What rootfs-fetch accepts, and the words as options.
import { parseCount, parseDuration } from '@srcon/kit/number'
import { usage } from '@srcon/kit/error'
import { parseSize } from '@srcon/kit/size'
import type { OptionRow, ScannedLink, ToolTable } from '@srcon/kit/table'
import type { FetchOptions } from './fetch.ts'
import { packVerb } from './pack-options.ts'
import { forms, lockName, sources, splitSource } from './source.ts'
import { readUnpack, unpackRows } from './limit-options.ts'
import { debianRows, debianWords } from './debian-options.ts'

/** Of every verb that looks at a source. */
const look = {
  sha512: { takes: 'value', meta: 'HEX', about: 'the sum that the archive must have' },
  sha256: { takes: 'value', meta: 'HEX', about: 'the same as SHA-256' },
  key: { takes: 'value', meta: 'FILE', completes: 'file', about: 'the OpenPGP key that must have signed' },
  mirror: { takes: 'value', meta: 'URL', completes: 'directory', about: 'where the source lies: http:, https:, file: or a directory' },
  arch: { takes: 'value', meta: 'ARCH', about: 'architecture as the source writes it (default: of this machine)' },
  offline: { takes: 'nothing', about: 'use only what is in the cache' },
  insecure: { takes: 'nothing', about: 'accept an archive for which there is no sum' },
  cache: { takes: 'value', meta: 'DIR', completes: 'directory', about: 'the cache (default: SRCON_CACHE, else XDG_CACHE_HOME/srcon, else ~/.cache/srcon)' },
} satisfies Record<string, OptionRow>

const words = [{ name: 'source', about: 'as for fetching', required: true }, { name: 'file', about: 'the archive of tar', completes: 'file' }] as const

export const table: ToolTable = {
  name: 'rootfs-fetch',
  about: 'Root file systems: fetched, verified, unpacked and cached',
  verbs: {
    '': {
      about: 'Make the tree of SOURCE and print its path',
      positionals: [
        { name: 'source', about: `one of ${forms()}`, required: true },
        { name: 'file', about: 'the archive of tar (plain, or compressed by gzip, zstd or xz), the directory of dir; also behind a colon', completes: 'file' },
      ],
      options: {
        sha512: { takes: 'value', meta: 'HEX', about: 'the sum that the archive must have', more: 'Beside a sum from the mirror, this one shows forgery too: it comes from elsewhere.' },
        sha256: { takes: 'value', meta: 'HEX', about: 'the same as SHA-256' },
        key: { takes: 'value', meta: 'FILE', completes: 'file', about: 'the OpenPGP key that must have signed', more: 'Without it the sum is all that is checked, and the report says so.' },
        mirror: {
          takes: 'value', meta: 'URL', completes: 'directory', about: 'where the source lies: http:, https:, file: or a directory',
          more: 'Default: SRCON_ALPINE_MIRROR, SRCON_DEBIAN_MIRROR …; of Debian the mirror that apt is configured with; else the publisher\'s own. For Alpine a directory may also hold nothing but alpine-minirootfs archives with SHA512SUMS or .sha512 files.',
        },
        arch: { takes: 'value', meta: 'ARCH', about: 'architecture as the source writes it (default: of this machine)' },
        offline: { takes: 'nothing', about: 'use only what is in the cache' },
        insecure: { takes: 'nothing', about: 'accept an archive for which the mirror has no sum' },
        cache: { takes: 'value', meta: 'DIR', completes: 'directory', about: 'the cache (default: SRCON_CACHE, else XDG_CACHE_HOME/srcon, else ~/.cache/srcon)' },
        config: { takes: 'value', meta: 'FILE', completes: 'file', about: 'print this config with its root set: FILE, - for stdin, or new' },
        copy: {
          takes: 'optional', meta: 'HOW', choices: ['reflink', 'hardlink'], about: 'a private copy of the tree in the directory of -o: shared blocks where that can be had, else copied',
          more: 'reflink: shared blocks, or an error. hardlink is no copy: the files are those of the cache, so that a change in one place is one for all.',
        },
        output: { takes: 'value', short: 'o', meta: 'DIR', completes: 'directory', about: 'where the copy is to be: nothing, or an empty directory' },
        devices: { takes: 'value', meta: 'WHAT', choices: ['skip', 'keep'], about: 'device nodes and FIFOs: skip (default) or keep, as root' },
        'strip-set-id': { takes: 'nothing', about: 'set no set-user-id and set-group-id bits' },
        'max-bytes': { takes: 'value', meta: 'SIZE', about: 'most bytes after decompression (default 16G)' },
        'max-entries': { takes: 'value', meta: 'N', about: 'most files, directories and links (default 1000000)' },
        locked: { takes: 'optional', meta: 'FILE', completes: 'file', about: 'take only what the lock file says (default: rootfs-fetch.lock.json)' },
        progress: { takes: 'value', meta: 'FORM', choices: ['auto', 'plain', 'json', 'none'], about: 'how far it is, on stderr: auto is bars on a terminal; json is a document a line' },
        'max-download': { takes: 'value', meta: 'SIZE', about: 'largest archive as it is downloaded (default 4G)' },
        retries: { takes: 'value', meta: 'N', about: 'tries after the first that bring nothing new (default 4)' },
        'connect-timeout': { takes: 'value', meta: 'TIME', about: 'for a connection to stand (default 15s)' },
        'first-byte-timeout': { takes: 'value', meta: 'TIME', about: 'for the head of an answer (default 30s)' },
        'stall-timeout': { takes: 'value', meta: 'TIME', about: 'silence within an answer (default 30s)' },
        'min-rate': { takes: 'value', meta: 'SIZE', about: 'fewest bytes a second over a minute; 0 is no limit (default 1K)' },
        ...unpackRows,
        ...debianRows,
        quiet: { takes: 'nothing', short: 'q', about: 'no notes on stderr' },
      },
    },
    pack: packVerb,
    list: { about: 'List what there is of a source: releases, their newest version, their end of life', positionals: words, options: look },
    inspect: { about: 'Say what would be fetched, from where and who vouches for it; fetch nothing', positionals: words, options: { ...look, ...debianRows } },
    verify: {
      about: 'Read an archive, or a tree of the cache, again and compare', options: { ...look, ...debianRows },
      positionals: [{ name: 'source', about: 'a source, or the path of a tree of the cache or of an archive', required: true, completes: 'file' }, { name: 'file', about: 'the archive of tar', completes: 'file' }],
    },
    lock: {
      about: 'Fetch a source and write down what it is, for --locked', positionals: words,
      options: { ...look, ...debianRows, output: { takes: 'value', short: 'o', meta: 'FILE', completes: 'file', about: 'the lock file (default: rootfs-fetch.lock.json)' } },
    },
    cache: {
      about: 'List what is kept (list), make room (gc), remove all that is not in use (clear)',
      positionals: [{ name: 'action', about: 'list (default), gc or clear' }],
      options: {
        'max-size': { takes: 'value', meta: 'SIZE', about: 'gc: remove the longest unused until so much is left' },
        'max-age': { takes: 'value', meta: 'TIME', about: 'gc: remove what was not used for so long (30d, 12h)' },
        cache: look.cache,
      },
    },
  },
  examples: [
    { command: 'rootfs-fetch alpine:3.20', about: 'the newest 3.20 from the mirror; prints the path of the tree' },
    { command: 'rootfs-fetch tar ./alpine.tar.gz --sha512 HEX', about: 'a local archive that must have this sum' },
    { command: 'rootfs-fetch alpine --mirror ./downloads', about: 'the newest archive of a directory' },
    { command: 'rootfs-fetch debian:trixie --include=curl', about: 'a Debian of the mirror that apt has, made by mmdebstrap or debootstrap' },
    { command: 'rootfs-fetch busybox | srcon run -- sh', about: 'a container of the host\'s static busybox' },
    { command: 'rootfs-fetch alpine:3.20 | chroot-fs --proc | srcon run -- sh', about: 'the tree as the root of a container' },
    { command: 'rootfs-fetch alpine:3.20 --copy -o ./root', about: 'a tree of your own, to be changed' },
    { command: 'rootfs-fetch alpine:3.20 --config config.json', about: 'a config with this root' },
    { command: 'rootfs-fetch oci:layout:v1 --config new | srcon run', about: 'an image\'s own command, as its user, in its directory' },
  ],
  notes: [
    'The tree is shared by all who ask for the same archive: mount it read-only, or put an overlay over it, or take a --copy.',
    'An ordinary user with subordinate ids (subuid(5), newuidmap(1)) keeps owners by a user namespace. Without, all files belong to that user, and stderr says so and why; set-id bits then remain only where they meant root or that user.',
    'While a Debian is made as root, its packages\' scripts run as root: its signature is what protects this host.',
    'Devices, and extended attributes other than user.*, file capabilities and ACLs, are left out and counted.',
    'Of an image, --config sets process.args (entrypoint, then cmd), env, cwd and user too, where the config does not say them; names of users are looked up in the image. A command behind srcon run -- takes the place of entrypoint and cmd.',
    'An archive that is damaged, cut short, ambiguous, or that reaches out of its tree is an error, and nothing of it is kept.',
  ],
  seeAlso: ['tar(1)', 'mmdebstrap(1)', 'debootstrap(8)', 'chroot-fs(1)'],
}

/** What a command line asks for. */
export interface Wish {
  readonly source: readonly [string, string?]
  readonly options: Omit<FetchOptions, 'signal' | 'onProgress'>
  /** Of `--config`. */
  readonly config: string | undefined
  readonly quiet: boolean
  readonly progress: 'auto' | 'plain' | 'json' | 'none'
}

/** From words to a wish. Pure; throws a ToolError `E_USAGE`. */
export function readWish({ given, positionals }: ScannedLink): Wish {
  const tool = table.name
  const value = (name: string): string | undefined => {
    const word = given.find(each => each.name === name)?.value
    return typeof word === 'string' ? word : undefined
  }
  const flag = (name: string): boolean => given.some(each => each.name === name)
  const [word = '', file] = positionals
  const { name } = splitSource(word, file)
  const alien = (['mirror', 'arch', 'offline', 'insecure', 'key', 'variant', 'include', 'components', 'bootstrap', 'max-age'] as const).find(option => flag(option) && !sources[name]?.takes.includes(option))
  if (alien !== undefined) throw usage(tool, `--${alien} is not for ${name}`, `it is for ${Object.keys(sources).filter(each => sources[each]?.takes.includes(alien)).join(', ')}`)
  const size = (name: string, min: number): number | undefined => {
    const given = value(name)
    return given === undefined ? undefined : parseSize(tool, `--${name}`, given, { min })
  }
  const time = (name: string): number | undefined => {
    const given = value(name)
    return given === undefined ? undefined : parseDuration(tool, `--${name}`, given, { min: 1000 }) / 1000
  }
  const to = value('output')
  if (flag('copy') && to === undefined) throw usage(tool, '--copy needs a directory to copy to', 'rootfs-fetch --copy -o DIR SOURCE')
  if (to !== undefined && !flag('copy')) throw usage(tool, '-o is for a copy', 'rootfs-fetch --copy -o DIR SOURCE; without it the tree stays in the cache')
  const devices = value('devices')
  const maxBytes = value('max-bytes')
  const maxEntries = value('max-entries')
  return {
    source: file === undefined ? [word] : [word, file],
    config: value('config'),
    quiet: flag('quiet'),
    progress: (value('progress') ?? 'auto') as Wish['progress'],
    options: {
      sha512: value('sha512'), sha256: value('sha256'), key: value('key'), mirror: value('mirror'), arch: value('arch'), cache: value('cache'),
      locked: flag('locked') ? (value('locked') ?? lockName) : undefined,
      copy: to === undefined ? undefined : { to, method: value('copy') as 'reflink' | 'hardlink' | undefined },
      offline: flag('offline'), insecure: flag('insecure'), stripSetId: flag('strip-set-id'),
      devices: devices === 'keep' ? 'keep' : 'skip',
      maxDownload: size('max-download', 1), minRate: size('min-rate', 0),
      retries: value('retries') === undefined ? undefined : parseCount(tool, '--retries', value('retries') ?? '', { max: 100 }),
      connectTimeout: time('connect-timeout'), firstByteTimeout: time('first-byte-timeout'), stallTimeout: time('stall-timeout'),
      maxBytes: maxBytes === undefined ? undefined : parseSize(tool, '--max-bytes', maxBytes, { min: 1 }),
      maxEntries: maxEntries === undefined ? undefined : parseCount(tool, '--max-entries', maxEntries, { min: 1 }),
      ...debianWords(value),
      ...readUnpack(value),
    },
  }
}
