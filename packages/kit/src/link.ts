// The link protocol: what a tool tells other tools of itself, so that a chain of them is folded into
// one plan. A tool's `dist/bin/link.mjs` exports one of these as `link`; nothing in it has an effect.
import type { OciConfig } from './config.ts'
import type { ScannedLink, ToolTable } from './table.ts'
import type { Step, StepWords } from './step.ts'

/** A step that failed, as the launcher recorded it. */
export interface Failure {
  readonly step: Step
  readonly index: number
  readonly syscall: string
  /** Positive; 0 where no call failed but a result was not as asked. */
  readonly errno: number
  /** `EPERM`, or empty. */
  readonly code: string
  readonly path: string
  readonly note: string
  /** All steps of the plan, to look at what came before. */
  readonly steps: readonly Step[]
}

export interface Explanation {
  /** What failed, without the tool's name: `cannot mount proc on /proc: EPERM (mount)`. */
  readonly what?: string
  /** The probed cause; absent if no probe matched. */
  readonly why?: string
  readonly fix?: string
}

/** `O`: the tool's options, typed and checked; `F`: the facts of the host that its steps rest on.
 *  Methods, not properties: so that a `ToolLink<CapsOptions, CapsFacts>` is also an `AnyLink`. */
export interface ToolLink<O, F> {
  readonly protocol: 1
  readonly table: ToolTable
  /** The first word of each of its steps' names: `['caps']`. */
  readonly owns: readonly string[]
  /** Loads what reading these words needs, so that a chain without them does not pay for it; before `read`. */
  load?(link: ScannedLink): Promise<void>
  /** From words to options. Pure; throws a ToolError `E_USAGE`. */
  read(link: ScannedLink): O
  /** Looks at the host: the only function here that does, besides explain. Called at most once a process. */
  facts(): F
  /** Pure. `before`: the steps of the links before this one. */
  steps(options: O, facts: F, before: readonly Step[]): readonly Step[]
  /** Adds this tool's fragment to a config; other keys stay as they are. Pure. */
  configure(config: OciConfig, options: O, facts: F): OciConfig
  /** The options that a config stands for; undefined where it says nothing of this concern. Pure. */
  fromConfig(config: OciConfig): O | undefined
  /** Why one of its steps failed, by probing the host from the untouched state. */
  explain(failure: Failure): Explanation | undefined
  /** A step in words, for --dry-run. Pure. */
  words(step: Step): StepWords
  /** What the command will have of this concern after all steps of the plan, for --dry-run: label and text. */
  outlook?(steps: readonly Step[], facts: F): Promise<Readonly<Record<string, string>>>
}

/** A tool whose types are not known here, as folding sees it. */
export type AnyLink = ToolLink<unknown, unknown>
