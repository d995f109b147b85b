// The option tables of a README, between their markers; what stands around them is written by hand.
import { aboutRow, forms, heading, synopsis, type ToolPages } from './rows.ts'

const cell = (text: string) => text.replaceAll('|', String.raw`\|`).replaceAll('<', '&lt;')
const code = (text: string) => `\`${text.replaceAll('|', String.raw`\|`)}\``

/** Markdown: one table for the tool and one for each of its verbs. */
export function optionTables({ table, verbs }: ToolPages): string {
  return verbs
    .map(page =>
      [
        `**${code(synopsis(table.name, page))}**: ${cell(page.verb.about)}`,
        '',
        `| ${heading(table.name, page)} | |`,
        '|---|---|',
        ...page.verb.positionals.map(p => `| ${code(p.name.toUpperCase())} | ${cell(p.about)} |`),
        ...page.rows.map(row => `| ${code(forms(row))} | ${cell(aboutRow(row))} |`),
      ].join('\n'),
    )
    .join('\n\n')
}

/** Puts text between `<!-- name:begin -->` and `<!-- name:end -->`; undefined if the page has no such place. */
export function between(page: string, name: string, text: string): string | undefined {
  const begin = `<!-- ${name}:begin -->`
  const end = `<!-- ${name}:end -->`
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from < 0 || to < from) return undefined
  return `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`
}
