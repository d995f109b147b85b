// What a call leaves behind for the case that it fails after it has become the launcher: see explainer.ts.

/** The word that asks for the explainer: first what we said to ourselves, then, as one more word, what the launcher knows. */
export const EXPLAIN = '--srcon-explain='

export interface Remembered {
  /** The tool that was called. */
  readonly tool: string
  /** Print the error as JSON. */
  readonly json: boolean
  /** Link modules of the other tools in the chain, absolute. */
  readonly modules: readonly string[]
}

/** The words that start this bin again; the launcher adds its record. */
export function explainerWords(remembered: Remembered): string[] {
  return [process.execPath, ...process.execArgv, process.argv[1] ?? '', `${EXPLAIN}${JSON.stringify(remembered)}`]
}
