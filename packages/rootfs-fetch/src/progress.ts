// How far a fetch is, on stderr: bars on a terminal, one line an archive, drawn by log-update; a line when something begins that
// takes time, elsewhere; or one JSON document a line for programs. What is drawn is cleared at the end.
import { writeAll } from '@srcon/kit/output'
import { formatSize } from '@srcon/kit/size'
import { escapeControl } from './escape.ts'
import type { Progress } from './fetch.ts'
import { tool } from './native.ts'

export type Form = 'auto' | 'plain' | 'json' | 'none'

export interface Display {
  readonly onProgress: (progress: Progress) => void
  /** Clears what is drawn; to be called before anything else is written. */
  end(): void
}

/** `auto`: bars on a terminal, else plain. */
export async function display(form: Form): Promise<Display> {
  if (form === 'none') return { onProgress: () => {}, end: () => {} }
  if (form === 'json') return { onProgress: jsonLines(), end: () => {} }
  const dumb = process.env['TERM'] === 'dumb' || process.env['CI'] !== undefined
  return form === 'auto' && process.stderr.isTTY && !dumb ? await bars() : { onProgress: plainLines(), end: () => {} }
}

/** Bytes a second are those of the last seconds, so that a stall shows. */
const WINDOW = 5000
/** Drawn at most so often, milliseconds. */
const TICK = 100
/** And at least so often, milliseconds. */
const SILENCE = 1000

export class Rate {
  readonly #seen: [time: number, bytes: number][] = []

  /** Bytes a second; undefined while nothing can be said. */
  add(bytes: number, now: number): number | undefined {
    this.#seen.push([now, bytes])
    while (this.#seen.length > 2 && now - (this.#seen[0]?.[0] ?? now) > WINDOW) this.#seen.shift()
    const [time, from] = this.#seen[0] ?? [now, bytes]
    return now - time < 200 ? undefined : (bytes - from) / ((now - time) / 1000)
  }
}

/** `12s`, `3m05s`. */
export function formatTime(seconds: number): string {
  const whole = Math.ceil(seconds)
  return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`
}

/** One line of the drawing, no wider than `columns`. */
export function barLine({ phase, label = '', bytes, total, entries, note, percent }: Progress, rate: number | undefined, columns: number): string {
  const name = escapeControl(label).slice(0, 40)
  if (phase === 'wait') return `waiting  ${name}: another process works on it`.slice(0, columns)
  const share = percent !== undefined ? percent / 100 : total === undefined || total === 0 ? undefined : Math.min(1, bytes / total)
  const sizes = phase === 'copy' ? '' : phase === 'make' ? escapeControl(note ?? '').slice(0, 40) : total === undefined ? formatSize(bytes) : `${formatSize(bytes)}/${formatSize(total)}`
  const speed = rate === undefined || phase !== 'download' ? '' : ` ${formatSize(Math.round(rate))}/s`
  const left = rate === undefined || rate <= 0 || total === undefined || phase !== 'download' ? '' : ` ${formatTime((total - bytes) / rate)}`
  const tail = `${share === undefined ? '' : `${String(Math.floor(share * 100)).padStart(3)}% `}${sizes}${speed}${left}${entries === undefined ? '' : `${sizes === '' ? '' : ', '}${entries} entries`}`
  const head = `${{ download: 'fetching', make: 'making', unpack: 'unpacking', copy: 'copying' }[phase].padEnd(9)} ${name}`
  const room = Math.min(30, columns - head.length - tail.length - 5)
  const bar = share === undefined || room < 5 ? '' : `[${'='.repeat(Math.round(share * room)).padEnd(room)}] `
  return `${head} ${bar}${tail}`.slice(0, columns)
}

/** Layers come side by side, and none waits for its turn: by number, wherever they begin. */
export function inOrder<T>(lines: ReadonlyMap<string, T>): T[] {
  return [...lines].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })).map(([, line]) => line)
}

async function bars(): Promise<Display> {
  const { createLogUpdate } = await import('log-update')
  const update = createLogUpdate(process.stderr)
  const lines = new Map<string, { progress: Progress; rate: Rate; speed: number | undefined }>()
  let drawn = 0
  const draw = (now: number): void => {
    drawn = now
    update(inOrder(lines).map(each => barLine(each.progress, each.speed, (process.stderr.columns || 80) - 1)).join('\n'))
  }
  // Where no bytes come, the rate sinks all the same.
  const timer = setInterval(() => {
    const now = Date.now()
    if (lines.size === 0 || now - drawn < SILENCE) return
    for (const line of lines.values()) line.speed = line.rate.add(line.progress.bytes, now)
    draw(now)
  }, SILENCE)
  timer.unref()
  const onProgress = (progress: Progress): void => {
    if (progress.phase === 'unpack' || progress.phase === 'copy') lines.clear()
    const key = progress.label ?? progress.phase
    const line = lines.get(key)
    const rate = line?.rate ?? new Rate()
    const now = Date.now()
    lines.set(key, { progress, rate, speed: rate.add(progress.bytes, now) })
    // Waiting for the whole is over as soon as anything begins.
    if (progress.phase !== 'wait') lines.delete('wait')
    const finished = progress.total !== undefined && progress.bytes === progress.total
    if (now - drawn >= TICK || finished) draw(now)
  }
  const end = (): void => {
    clearInterval(timer)
    update.clear()
    update.done()
  }
  return { onProgress, end }
}

/** A line when something begins that takes time. */
function plainLines(): (progress: Progress) => void {
  const said = new Set<string>()
  return ({ phase, label = '', total, url }) => {
    const key = `${phase} ${label}`
    if (said.has(key) || phase === 'unpack' || phase === 'copy' || url?.startsWith('file:')) return
    said.add(key)
    // A layer's address is a digest, which tells nobody which one it is.
    const what = url === undefined || url.includes(label) ? url ?? label : `${label} from ${url}`
    const lines = {
      wait: 'waiting: another process works on the same archive',
      download: `downloading ${escapeControl(what)}${total === undefined ? '' : `, ${formatSize(total)}`}`,
      make: `making ${escapeControl(label)}`,
    }
    writeAll(2, `${tool}: ${lines[phase]}\n`)
  }
}

/** At most ten a second of each kind, and the last one. */
function jsonLines(): (progress: Progress) => void {
  const told = new Map<string, number>()
  return progress => {
    const key = `${progress.phase} ${progress.label ?? ''}`
    const now = Date.now()
    const last = progress.total !== undefined && progress.bytes === progress.total
    if (!last && now - (told.get(key) ?? 0) < TICK) return
    told.set(key, now)
    writeAll(2, `${JSON.stringify(progress)}\n`)
  }
}
