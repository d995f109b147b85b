// Ranges of ids in an id map. See user_namespaces(7).

interface Line {
  readonly inside: number
  readonly count: number
}

/** Whether all of start … start+count-1 exist in a namespace with this map. Pure. */
export function hasMapped(map: readonly Line[], start: number, count: number): boolean {
  let next = start
  for (;;) {
    const line = map.find(({ inside, count: size }) => next >= inside && next - inside < size)
    if (!line) return false
    next = line.inside + line.count
    if (next >= start + count) return true
  }
}
