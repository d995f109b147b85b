// The library that every tool and every user of tools shares. What only command lines need is under
// its own name: `@srcon/kit/cli`, `@srcon/kit/addon`, `@srcon/kit/probes`, …
export type * from './config.ts'
export { annotate, annotation, newConfig } from './config.ts'
export { ToolError, usage, type ErrorCode, type ToolErrorFields } from './error.ts'
export * from './launch/index.ts'
export type { AnyLink, Explanation, Failure, ToolLink } from './link.ts'
export { plan, type Argv, type Plan, type PlanFacts } from './plan.ts'
export type { Bytes, Step, StepWords } from './step.ts'
export type { Example, Given, OptionRow, Positional, ScannedLink, Takes, ToolTable, VerbRow } from './table.ts'
