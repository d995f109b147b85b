// The dates of Debian's and Ubuntu's releases, from Debian's package distro-info-data:
// node scripts/release-dates.mjs, after apt-get install distro-info-data. Alpine's stand in its own table.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const from = '/usr/share/distro-info'
const to = join(import.meta.dirname, '../packages/rootfs-fetch/src/source')

/** Rows of a file by the names of its first line. */
function rows(name) {
  const [head, ...lines] = readFileSync(join(from, name), 'utf8').trim().split('\n').map(line => line.split(','))
  return lines.map(line => Object.fromEntries(head.map((key, i) => [key, line[i] ?? ''])))
}

const head = (what, fields) => `// ${what}
// Made by scripts/release-dates.mjs from Debian's package distro-info-data; do not edit.
export const releases: readonly (readonly [${fields}])[] = [
`
const list = all => `${all.map(row => `  [${row.map(value => (typeof value === 'string' ? `'${value}'` : value)).join(', ')}],`).join('\n')}\n]\n`

const debian = rows('debian.csv').filter(({ series, created }) => series !== 'experimental' && created >= '1999-03')
  .map(row => [row.version, row.series, row.release, row.eol, row['eol-lts'] || row.eol])
debian.push(...rows('debian.csv').filter(({ series }) => series === 'sid').map(({ series }) => ['', series, '', '', '']))
writeFileSync(join(to, 'debian/dates.ts'), head('Debian\'s releases, the oldest first: when each came, and when its support and its long-term support end.', 'version: string, codename: string, released: string, eol: string, ltsEol: string') + list(debian))

const ubuntu = rows('ubuntu.csv').filter(({ release }) => release >= '2014-04').toReversed()
  .map(row => [row.version.replace(' LTS', ''), row.series, row.eol, row.version.endsWith('LTS')])
writeFileSync(join(to, 'ubuntu/dates.ts'), head('Ubuntu\'s releases, the newest first: when the standard support of each ends, and whether it is a long-term one.', 'version: string, name: string, eol: string, longTerm: boolean') + list(ubuntu))
