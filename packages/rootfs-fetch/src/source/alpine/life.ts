// When each branch of Alpine was released and when its support ends. The table is for those who have no newer word: a mirror
// may hold releases.json as Alpine's site has it. Source: the release pages of alpinelinux.org.
export interface Life {
  readonly released?: string | undefined
  readonly eol?: string | undefined
}

const table: Readonly<Record<string, readonly [released: string, eol: string]>> = {
  '3.3': ['2015-12-18', '2017-11-01'], '3.4': ['2016-05-31', '2018-05-01'], '3.5': ['2016-12-22', '2018-11-01'], '3.6': ['2017-05-24', '2019-05-01'],
  '3.7': ['2017-11-30', '2019-11-01'], '3.8': ['2018-06-26', '2020-05-01'], '3.9': ['2019-01-29', '2020-11-01'], '3.10': ['2019-06-19', '2021-05-01'],
  '3.11': ['2019-12-19', '2021-11-01'], '3.12': ['2020-05-29', '2022-05-01'], '3.13': ['2021-01-14', '2022-11-01'], '3.14': ['2021-06-15', '2023-05-01'],
  '3.15': ['2021-11-24', '2023-11-01'], '3.16': ['2022-05-23', '2024-05-23'], '3.17': ['2022-11-22', '2024-11-22'], '3.18': ['2023-05-09', '2025-05-09'],
  '3.19': ['2023-12-07', '2025-11-01'], '3.20': ['2024-05-22', '2026-04-01'], '3.21': ['2024-12-05', '2026-11-01'], '3.22': ['2025-05-30', '2027-05-01'],
  '3.23': ['2025-12-03', '2027-11-01'],
}

/** `3.20` of `3.20.3`; undefined for edge and its dates. */
export function branchOf(version: string | undefined): string | undefined {
  return /^(\d{1,3}\.\d{1,3})(?:\.|$)/.exec(version ?? '')?.[1]
}

/** What is known of a branch. */
export function lifeOf(branch: string): Life {
  const row = Object.hasOwn(table, branch) ? table[branch] : undefined
  return row ? { released: row[0], eol: row[1] } : {}
}

/** All branches of the table, the newest first. */
export const branches: readonly string[] = Object.keys(table).toReversed()

/** A line where support has ended. `today`: `2026-04-01`. */
export function endOfLife(version: string, today: string): string | undefined {
  const branch = branchOf(version)
  const eol = branch === undefined ? undefined : lifeOf(branch).eol
  return eol !== undefined && eol <= today ? `Alpine ${branch} has had no security updates since ${eol}` : undefined
}

/** The branches of releases.json by name; what is not understood of it is passed over. */
export function parseReleases(text: string): Map<string, Life & { readonly newest?: string | undefined }> {
  const found = new Map<string, Life & { newest?: string | undefined }>()
  const list = (value: unknown): readonly Record<string, unknown>[] => (Array.isArray(value) ? (value as Record<string, unknown>[]).filter(each => typeof each === 'object' && each !== null) : [])
  const day = (value: unknown): string | undefined => (typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) ? value : undefined)
  let document: { release_branches?: unknown } | null
  try {
    document = JSON.parse(text) as { release_branches?: unknown } | null
  } catch {
    return found
  }
  for (const { rel_branch: name, branch_date: released, eol_date: eol, releases } of list(document?.release_branches)) {
    if (typeof name !== 'string' || !/^(?:v\d+\.\d+|edge)$/.test(name)) continue
    const versions = list(releases).flatMap(({ version }) => (typeof version === 'string' && /^[\w.]{1,20}$/.test(version) ? [version] : []))
    found.set(name.replace(/^v/, ''), { released: day(released), eol: day(eol), newest: versions[0] })
  }
  return found
}
