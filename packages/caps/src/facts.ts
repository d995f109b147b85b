// How this process stands: what the steps of caps rest on. The only file beside explain.ts and the
// verbs that looks at the host.
import { loadAddon } from '@srcon/kit/addon'
import { gidMap, lastCap, readText, selfStatus, uidMap } from '@srcon/kit/host'
import type { State } from './state.ts'

/** The highest capability of the kernel, and the state to start from. */
export interface CapsFacts extends State {
  readonly lastCap: number
  /** Asks the kernel for the securebits, which costs an addon: only where a request rests on them. */
  readonly lookAtSecurebits?: () => number | undefined
}

/** Looks at the host. */
export function readFacts(): CapsFacts {
  const { uid, groups, capabilities, noNewPrivs } = selfStatus()
  return {
    lastCap: lastCap(),
    ...capabilities,
    noNewPrivs,
    uid: uid.effective,
    realUid: uid.real,
    savedUid: uid.saved,
    securebits: undefined,
    lookAtSecurebits: () => loadAddon<{ securebits(): number | null }>('caps', import.meta.url).securebits() ?? undefined,
    groups,
    setgroups: readText('/proc/self/setgroups') !== 'deny',
    uidMap: uidMap(),
    gidMap: gidMap(),
  }
}

/** The same with the securebits. */
export function withSecurebitsSeen(facts: CapsFacts): CapsFacts {
  return facts.securebits === undefined && facts.lookAtSecurebits ? { ...facts, securebits: facts.lookAtSecurebits() } : facts
}
