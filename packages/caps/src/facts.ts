// How this process stands: what the steps of caps rest on. The only file beside explain.ts and the
// verbs that looks at the host.
import { gidMap, lastCap, readText, selfStatus, uidMap } from '@srcon/kit/host'
import type { State } from './state.ts'

/** The highest capability of the kernel, and the state to start from. */
export interface CapsFacts extends State {
  readonly lastCap: number
}

/** Looks at the host. */
export function readFacts(): CapsFacts {
  const { uid, groups, capabilities, noNewPrivs } = selfStatus()
  return {
    lastCap: lastCap(),
    ...capabilities,
    noNewPrivs,
    uid: uid.effective,
    groups,
    setgroups: readText('/proc/self/setgroups') !== 'deny',
    uidMap: uidMap(),
    gidMap: gidMap(),
  }
}
