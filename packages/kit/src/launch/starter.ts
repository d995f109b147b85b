// The addon's side of everything that this environment (the main thread, or one Worker) has started:
// one function hears of all of it, and the loop is held while something that is ref'd runs.
import type { Event, Running, StartRequest, Starter, SystemError } from '../../native/index.d.ts'
import { native } from './native.ts'

const LONGEST = 2 ** 31 - 1

const listeners = new Map<number, (event: Event) => void>()
let starter: Starter | undefined
let holders = 0
let hold: NodeJS.Timeout | undefined

function theStarter(): Starter {
  return (starter ??= new (native().Starter)(event => {
    const listener = listeners.get(event.id)
    if (event.exit) listeners.delete(event.id)
    listener?.(event)
  }))
}

/** Starts a launcher; `listener` hears of the end of its set-up and, last, of its own end, never before this returns. */
export function start(request: StartRequest, words: Buffer, env: Buffer | undefined, listener: (event: Event) => void): Running | SystemError {
  const result = theStarter().start(request, words, env)
  if ('id' in result) listeners.set(result.id, listener)
  return result
}

/** Sends a signal; false: it has ended. */
export function signal(id: number, number: number): boolean {
  return theStarter().kill(id, number)
}

/** Keeps the event loop alive, once more or once less. */
export function holdLoop(more: boolean): void {
  holders += more ? 1 : -1
  if (holders > 0) hold ??= setInterval(() => {}, LONGEST)
  else {
    clearInterval(hold)
    hold = undefined
  }
}
