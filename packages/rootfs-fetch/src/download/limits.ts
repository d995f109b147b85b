// What a download may cost, in time and in bytes. Every wait has an end: a server that is silent, slow, or always busy is
// given up, and says which of them it was.

/** Limits of downloads; all of them are options. */
export interface DownloadLimits {
  /** For a connection to stand, TLS included, milliseconds; default 15,000. */
  readonly connectTimeout?: number | undefined
  /** From the request to the head of the answer, milliseconds; default 30,000. */
  readonly firstByteTimeout?: number | undefined
  /** Silence within an answer, milliseconds; default 30,000. */
  readonly stallTimeout?: number | undefined
  /** Fewest bytes a second, looked at every `ratePeriod`; default 1024; 0 is no limit. */
  readonly minRate?: number | undefined
  /** Milliseconds; default 60,000. */
  readonly ratePeriod?: number | undefined
  /** Tries after the first without any new byte; default 4. */
  readonly retries?: number | undefined
  /** The wait before the second try, milliseconds, then twice as long each time, give or take a quarter; default 500. */
  readonly backoff?: number | undefined
  /** Longest wait between two tries, also where a server asks for one (Retry-After), milliseconds; default 60,000. */
  readonly maxWait?: number | undefined
  /** Most redirects of one request; default 5. */
  readonly maxRedirects?: number | undefined
  /** Largest archive as it is downloaded, bytes; default 4 GiB. */
  readonly maxDownload?: number | undefined
}

export type Limits = { readonly [Name in keyof DownloadLimits]-?: number }

export const defaults: Limits = {
  connectTimeout: 15_000, firstByteTimeout: 30_000, stallTimeout: 30_000, minRate: 1024, ratePeriod: 60_000, retries: 4, backoff: 500, maxWait: 60_000, maxRedirects: 5, maxDownload: 4 * 1024 ** 3,
}

/** The given limits, and the defaults for the others. */
export function limitsOf(given: DownloadLimits): Limits {
  const limits: Record<string, number> = { ...defaults }
  for (const name of Object.keys(defaults) as (keyof Limits)[]) limits[name] = given[name] ?? defaults[name]
  return limits as unknown as Limits
}
