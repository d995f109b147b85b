// What a registry asks for with 401: the scheme and its parameters. Pure. RFC 9110, 11.6.1; RFC 6750
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string
  readonly parameters: ReadonlyMap<string, string>
}

/** Most bytes of the header that are looked at. */
const LIMIT = 8192
const token = /^[!#$%&'*+.^`|~\w-]+/
const parameter = /^\s*([!#$%&'*+.^`|~\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^`|~\w:/?=@-]+))/

/** All that are understood, in their order. */
export function readChallenges(header: string): readonly Challenge[] {
  const challenges: Challenge[] = []
  for (let rest = header.slice(0, LIMIT).trimStart(); rest !== ''; ) {
    const scheme = token.exec(rest)?.[0]
    if (scheme === undefined) break
    rest = rest.slice(scheme.length)
    const parameters = new Map<string, string>()
    for (let found; (found = parameter.exec(rest)); ) {
      const [all, name = '', quoted, plain = ''] = found
      // Said twice, the first counts: who checks and who uses it see the same.
      if (!parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), quoted === undefined ? plain : quoted.replaceAll(/\\(.)/g, '$1'))
      rest = rest.slice(all.length).trimStart()
      if (!rest.startsWith(',')) break
      rest = rest.slice(1)
    }
    challenges.push({ scheme: scheme.toLowerCase(), parameters })
    rest = rest.replace(/^[\s,]+/, '')
  }
  return challenges
}
