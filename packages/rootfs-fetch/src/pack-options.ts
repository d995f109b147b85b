// What `pack` accepts; apart from the verb itself, which is loaded only when it runs.
import type { VerbRow } from '@srcon/kit/table'

export const packVerb: VerbRow = {
  about: 'Make a reproducible tar archive or image of a tree',
  positionals: [{ name: 'DIR', about: 'the tree', required: true, completes: 'directory' }],
  options: {
    output: { takes: 'value', short: 'o', meta: 'FILE', completes: 'file', about: 'the archive: .tar, .tar.gz (.tgz) or .tar.zst by its name; an image: oci:DIR[:TAG], oci-archive:FILE[:TAG]' },
    latest: { takes: 'value', meta: 'SECONDS', about: 'later times become this one, seconds since 1970', more: 'Default: SOURCE_DATE_EPOCH, else times stay as they are.' },
    compress: { takes: 'value', meta: 'HOW', choices: ['gzip', 'zstd', 'none'], about: 'of an image: how its layer is compressed (default gzip)' },
    arch: { takes: 'value', meta: 'ARCH', about: 'of an image: what it is for (default: this machine)' },
    cmd: { takes: 'value', meta: 'WORD', repeat: true, about: 'of an image: a word of its command' },
    entrypoint: { takes: 'value', meta: 'WORD', repeat: true, about: 'of an image: a word of what its command is given to' },
    env: { takes: 'value', short: 'e', meta: 'NAME=VALUE', repeat: true, about: 'of an image: a variable' },
    user: { takes: 'value', short: 'u', meta: 'USER[:GROUP]', about: 'of an image: whom its command runs as' },
    workdir: { takes: 'value', short: 'w', meta: 'DIR', about: 'of an image: where its command starts' },
  },
}
