// A step: one change to a process, as data. The language is published as
// `schema/plan-v1.schema.json`; each tool owns its part of it (`plan.schema.json`).

/** A path or a word: text, or base64 of bytes that are not UTF-8. */
export type Bytes = string | { readonly base64: string }

/** For people: a field of a step that is a path or a word; of bytes that are not UTF-8 what can be shown. Empty where there is none. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : Buffer.from((value as { readonly base64: string } | undefined)?.base64 ?? '', 'base64').toString()
}

export interface Step {
  /** `ns.user`, `fs.mount`, `cgroup.join`, `caps.bounding`, `seccomp.load`, `run.cwd`, … */
  readonly do: string
  readonly [field: string]: unknown
}

/** A step in words, for --dry-run: what the kernel is asked, and the classic command that does it. */
export interface StepWords {
  /** System calls in order, e.g. `unshare(CLONE_NEWUTS)`. */
  readonly calls: readonly string[]
  /** e.g. `unshare --uts`, `mount -t proc proc R/proc`; absent where no classic command does it. */
  readonly classic?: string
  /** What else is worth knowing of it. */
  readonly note?: string
}

/** Whether a command behind these steps sees another root than we do. */
export function changesRoot(steps: readonly Step[]): boolean {
  return steps.some(step => step.do === 'fs.pivot' || step.do === 'fs.chroot')
}
