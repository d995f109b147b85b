// What a library gets of the start of plans.
export { Contained, launch, type ContainedEvents } from './contained.ts'
export { endAs, launchInForeground } from './foreground.ts'
export type { LaunchOptions } from './options.ts'
export { run, type RunOptions, type RunResult } from './run.ts'
export type { StdioItem, StdioOption, WithDescriptor } from './stdio.ts'
export type { Reason, Verdict } from './verdict.ts'
