// The man page of a tool, from its option table. See man(7) and groff_man_style(7).
import { aboutRow, forms, heading, synopsis, type ToolPages, type VerbPage } from './rows.ts'

/** Text as roff reads it: hyphens that can be copied, no line that begins with a control character. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\(rs')
    .replaceAll('-', '\\-')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
    .replaceAll('`', '\\(ga')
    .replaceAll("'", '\\(aq')
    .replace(/^\./gm, '\\&.')
}

/** Exit codes are the same in every tool; see docs/errors.md. */
const exitStatus = [
  ['0 to 255', 'that of the command; when a signal ended it, the tool ends by the same signal (a shell shows 128+N)'],
  ['127', 'the command was not found'],
  ['126', 'the command was found but cannot be executed'],
  ['125', 'the tool itself failed, wrong words included; nothing was run'],
] as const

function tagged(term: string, about: string, more?: string): string[] {
  return ['.TP', `.B ${term}`, roff(about), ...(more ? ['.IP', roff(more)] : [])]
}

function sentence(about: string): string {
  return `${about.charAt(0).toUpperCase()}${about.slice(1)}.`
}

function verbSection(tool: string, page: VerbPage): string[] {
  const title = page.name ? ['.SS', roff(heading(tool, page))].join(' ') : '.SH OPTIONS'
  return [
    title,
    ...(page.name ? [roff(sentence(page.verb.about))] : []),
    ...page.verb.positionals.flatMap(p => tagged(roff(p.name.toUpperCase()), p.about)),
    ...page.rows.flatMap(row => tagged(roff(forms(row)), aboutRow(row), row.more)),
  ]
}

/** `caps.1` as text. */
export function manPage({ table, verbs }: ToolPages): string {
  const plain = verbs.filter(({ name }) => name === '')
  const named = verbs.filter(({ name }) => name !== '')
  const lines = [
    `.\\" Made from packages/${table.name}/src/options.ts by 'npm run docs'; changes here are lost.`,
    `.TH ${roff(table.name.toUpperCase())} 1 "" srcon "srcon manual"`,
    '.SH NAME',
    `${roff(table.name)} \\- ${roff(table.about)}`,
    '.SH SYNOPSIS',
    '.nf',
    ...verbs.map(page => `.B ${roff(synopsis(table.name, page))}`),
    '.fi',
    '.SH DESCRIPTION',
    ...(plain.map(({ verb, callable }) => roff(callable ? sentence(verb.about) : `${table.about}.`))),
    ...plain.flatMap(page => verbSection(table.name, page)),
    ...(named.length > 0 ? ['.SH COMMANDS', ...named.flatMap(page => verbSection(table.name, page))] : []),
    '.SH EXIT STATUS',
    ...exitStatus.flatMap(([code, about]) => tagged(code, about)),
    ...(table.examples?.length
      ? ['.SH EXAMPLES', ...table.examples.flatMap(e => ['.PP', roff(sentence(e.about)), '.PP', '.RS 4', '.nf', roff(e.command), '.fi', '.RE'])]
      : []),
    ...(table.notes?.length ? ['.SH NOTES', ...table.notes.flatMap((note, i) => [...(i > 0 ? ['.PP'] : []), roff(note)])] : []),
    ...(table.seeAlso?.length ? ['.SH SEE ALSO', roff(table.seeAlso.join(', '))] : []),
  ]
  return `${lines.join('\n')}\n`
}
