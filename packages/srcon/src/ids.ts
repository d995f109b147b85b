// Which ids a container has when nobody says: its root must not be the host's wherever the caller can map
// others. See user_namespaces(7), subuid(5).
import { hasMapped } from './ranges.ts'
import type { NamespaceFacts, NamespaceOptions } from '@srcon/ns-unshare'

/** What container tools hand out where nothing is written in /etc/subuid. */
const USUAL = { start: 100_000, count: 65_536 }
const SETGID = 1n << 6n
const SETUID = 1n << 7n

/** Whether the caller may write any map. */
export function mayMap({ capabilities }: NamespaceFacts): boolean {
  return (capabilities & SETUID) !== 0n && (capabilities & SETGID) !== 0n
}

/** The maps of a container. `ownFiles`: the root is a tree of the caller, and the container's root has to own it. Pure. */
export function defaultMaps(facts: NamespaceFacts, ownFiles: boolean): NamespaceOptions {
  if (mayMap(facts)) {
    const mapUsers = [range(facts.subuid, facts.uidMap)]
    const mapGroups = [range(facts.subgid, facts.gidMap)]
    return { mapUsers, mapGroups }
  }
  if (!facts.helpers || !facts.subuid || !facts.subgid) return { mapRootUser: true }
  const auto: NamespaceOptions = { mapUsers: ['auto'], mapGroups: ['auto'] }
  return ownFiles ? { mapRootUser: true, ...auto } : auto
}

function range(own: { readonly start: number; readonly count: number } | undefined, visible: NamespaceFacts['uidMap']): { inside: number; outside: number; count: number } {
  for (const { start, count } of [...(own ? [own] : []), USUAL]) {
    if (hasMapped(visible, start, count)) return { inside: 0, outside: start, count }
  }
  // In a container with few ids: the upper half of those that there are, never our own root.
  const last = Math.max(0, ...visible.map(({ inside, count }) => inside + count - 1))
  const outside = Math.ceil(last / 2)
  return { inside: 0, outside, count: Math.min(USUAL.count, last - outside + 1) }
}
