// What may be said of a Debian on the command line and in the library.
import { parseDuration } from '@srcon/kit/number'
import type { OptionRow } from '@srcon/kit/table'

const tool = 'rootfs-fetch'

export interface DebianOptions {
  /** Which packages: `minbase` (default), `essential`, `apt`, `required`, `buildd`, `important`, `standard`. */
  readonly variant?: string | undefined
  /** Packages beside those of the variant. */
  readonly include?: readonly string[] | undefined
  /** Of the archive; default `main`. */
  readonly components?: readonly string[] | undefined
  /** Which program makes it. Default: mmdebstrap where it is, else debootstrap. */
  readonly bootstrap?: string | undefined
  /** Milliseconds: a tree that was made so long ago does, whatever the mirror has now. Default: 0; a day for testing and sid. */
  readonly maxAge?: number | undefined
}

export const debianRows: Readonly<Record<'variant' | 'include' | 'components' | 'bootstrap' | 'max-age', OptionRow>> = {
  variant: { takes: 'value', meta: 'NAME', about: 'debian: which packages: minbase (default), essential, apt, required, buildd, important, standard', more: 'debootstrap has minbase, buildd and important.' },
  include: { takes: 'value', meta: 'LIST', about: 'debian: packages besides, with commas between them' },
  components: { takes: 'value', meta: 'LIST', about: 'debian: main (default), contrib, non-free, non-free-firmware' },
  bootstrap: { takes: 'value', meta: 'PROGRAM', choices: ['mmdebstrap', 'debootstrap'], about: 'debian: which program makes it (default: mmdebstrap where it is)', more: 'Of a suite whose support has ended debootstrap is taken first, as root.' },
  'max-age': { takes: 'value', meta: 'TIME', about: 'debian: a tree that was made so long ago does, whatever the mirror has now (default 0, 1d for testing and sid)' },
}

/** From words to options; what they say is checked with the source's own words. `value`: the word of an option, if it was given. */
export function debianWords(value: (name: string) => string | undefined): DebianOptions {
  const list = (name: string): string[] | undefined => value(name)?.split(',').filter(Boolean)
  const age = value('max-age')
  return {
    variant: value('variant'), bootstrap: value('bootstrap'), include: list('include'), components: list('components'),
    maxAge: age === undefined ? undefined : parseDuration(tool, '--max-age', age) / 1000,
  }
}
