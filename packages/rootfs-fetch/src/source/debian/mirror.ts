// Where Debian is fetched from: what the caller says, else what apt on this host is configured with, else Debian's own. See
// sources.list(5).
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Mirror } from '../../mirror.ts'
import { hasEnded, suiteNamed, type Suite } from './suites.ts'

export const debianMirror = 'http://deb.debian.org/debian/'
export const archiveMirror = 'http://archive.debian.org/debian/'

/** Where to look, in this order. One that is named is the only one; a suite whose support has ended may have gone to the archive. */
export function mirrorsOf(given: string | undefined, suite: Suite, today: string, root = '/etc/apt'): readonly Mirror[] {
  const named = given ?? (process.env['SRCON_DEBIAN_MIRROR'] || undefined)
  if (named !== undefined) return [new Mirror(named)]
  const own = aptMirror(root) ?? debianMirror
  return [own, ...(hasEnded(suite, today) ? [archiveMirror] : [])].map(each => new Mirror(each))
}

/** The first mirror of Debian itself that apt reads; undefined where there is none, on a derivative for example. */
export function aptMirror(root = '/etc/apt'): string | undefined {
  const names = (folder: string, end: string): string[] => {
    try {
      return readdirSync(join(root, folder)).filter(name => name.endsWith(end)).sort().map(name => join(root, folder, name))
    } catch {
      return []
    }
  }
  const lines = [join(root, 'sources.list'), ...names('sources.list.d', '.list')].flatMap(file => oneLine(read(file)))
  const stanzas = names('sources.list.d', '.sources').flatMap(file => deb822(read(file)))
  return [...lines, ...stanzas].find(({ uri, suites }) => isDebian(uri, suites))?.uri
}

interface Entry {
  readonly uri: string
  readonly suites: readonly string[]
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** `deb [options] URI SUITE COMPONENT…`. */
export function oneLine(text: string): Entry[] {
  return text.split('\n').flatMap(line => {
    const [, uri, suite] = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+[^#\s]/.exec(line) ?? []
    return uri !== undefined && suite !== undefined ? [{ uri, suites: [suite] }] : []
  })
}

/** Stanzas with an empty line between them; a value goes on where a line begins with a space. */
export function deb822(text: string): Entry[] {
  return text.split(/\n\s*\n/).flatMap(stanza => {
    const fields = new Map<string, string>()
    for (const [, key = '', value = ''] of stanza.replace(/^#.*\n?/gm, '').matchAll(/^([\w-]+):((?:.*)(?:\n[ \t].*)*)/gm)) fields.set(key.toLowerCase(), value.trim())
    const words = (key: string): string[] => (fields.get(key) ?? '').split(/\s+/).filter(Boolean)
    const off = /^(?:no|false|without|off|disable)$/i.test(fields.get('enabled') ?? '')
    return off || !words('types').includes('deb') ? [] : words('uris').map(uri => ({ uri, suites: words('suites') }))
  })
}

const aliases = new Set(['stable', 'testing', 'unstable', 'oldstable', 'oldoldstable'])

/** A suite of Debian by its bare name: not `-security`, which is no whole Debian, and no distribution of others. */
function isDebian(uri: string, suites: readonly string[]): boolean {
  return /^(?:https?|file):\//.test(uri) && !/@/.test(uri) && suites.some(suite => aliases.has(suite) || suiteNamed(suite) !== undefined)
}
