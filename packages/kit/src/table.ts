// The option table: what a tool accepts, as data. Parsing, help, the man page, completion and the
// README's tables are all made from it, so none of them can disagree with another.

/** How an option takes its value: never, always, or only when written `--name=VALUE`. */
export type Takes = 'nothing' | 'value' | 'optional'

export interface OptionRow {
  readonly takes: Takes
  /** One letter, for `-m`; the field's own letter (unshare, chroot, …) where there is one. */
  readonly short?: string
  /** May be given more than once; every occurrence keeps its place among all options. */
  readonly repeat?: true
  /** Shown in help as `--name=META`; upper case. */
  readonly meta?: string
  /** One line, lower case, no full stop; says "(implies --x)" where it does. */
  readonly about: string
  /** More, for the man page: one paragraph. */
  readonly more?: string
  readonly choices?: readonly string[]
  /** What completion offers for the value. */
  readonly completes?: 'file' | 'directory' | 'pid' | 'user'
}

export interface Positional {
  readonly name: string
  readonly about: string
  readonly required?: true
  /** Only the last: as many words as are given. */
  readonly repeat?: true
  readonly completes?: 'file' | 'directory' | 'pid'
}

export interface VerbRow {
  readonly about: string
  readonly positionals: readonly Positional[]
  readonly options: Readonly<Record<string, OptionRow>>
  /** `'-- COMMAND'` belongs to it: required, optional (without one the tool is a filter) or none (default). */
  readonly command?: 'required' | 'optional'
}

export interface Example {
  readonly command: string
  readonly about: string
}

export interface ToolTable {
  readonly name: string
  /** One line, upper-case first letter, no full stop. */
  readonly about: string
  /** `''` is the tool without a verb: `caps --drop all -- sh`. */
  readonly verbs: Readonly<Record<string, VerbRow>>
  readonly examples?: readonly Example[]
  /** Paragraphs for the man page's NOTES: where order matters, what is surprising. */
  readonly notes?: readonly string[]
  /** For the man page's SEE ALSO: `capabilities(7)`. */
  readonly seeAlso?: readonly string[]
}

/** One option as it was given. */
export interface Given {
  readonly name: string
  /** `true` when it was given without a value. */
  readonly value: string | true
}

/** The words of one tool of a chain, in exactly the order written. Nothing is converted. */
export interface ScannedLink {
  readonly tool: string
  readonly verb: string
  readonly given: readonly Given[]
  readonly positionals: readonly string[]
}
