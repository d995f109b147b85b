// The steps of ns-unshare. The user namespace comes first, since it owns what is made after it and
// gives the capability to make it; pid comes last, since it forks. Pure. See namespaces(7).
import type { Step } from '@srcon/kit/step'
import type { NamespaceFacts } from './facts.ts'
import { mapsOf } from './maps.ts'
import { fileOf, type Kind, type NamespaceOptions, withImplied } from './request.ts'

const PLAIN = ['time', 'cgroup', 'mount', 'uts', 'ipc', 'net'] as const satisfies readonly Kind[]

/** `before`: the steps of the plan that come first. Throws a ToolError for what cannot work. */
export function steps(options: NamespaceOptions, facts: NamespaceFacts, before: readonly Step[]): readonly Step[] {
  const all = withImplied(options)
  const plain = PLAIN.filter(kind => all[kind])
  return [
    ...(all.user ? [userStep(all, facts, before), ...fileSteps(all, ['user'])] : []),
    ...(plain.length > 0 ? [newStep(all, plain), ...fileSteps(all, plain)] : []),
    ...(all.hostname === undefined ? [] : [{ do: 'ns.hostname', name: all.hostname }]),
    ...(all.loopback ? [{ do: 'ns.loopback' }] : []),
    ...(all.pid ? [{ do: 'ns.pid', init: all.init ?? true }, ...fileSteps(all, ['pid'])] : []),
    ...(all.mountProc ? [{ do: 'ns.proc' }] : []),
  ]
}

function userStep(options: NamespaceOptions, facts: NamespaceFacts, before: readonly Step[]): Step {
  const { uidMap, gidMap, ...rest } = mapsOf(options, facts, before)
  return { do: 'ns.user', ...(uidMap.length > 0 ? { uidMap } : {}), ...(gidMap.length > 0 ? { gidMap } : {}), ...rest }
}

function newStep({ propagation, monotonic, boottime }: NamespaceOptions, kinds: readonly Kind[]): Step {
  const offsets = { ...(monotonic === undefined ? {} : { monotonic }), ...(boottime === undefined ? {} : { boottime }) }
  return {
    do: 'ns.new',
    types: kinds.map(fileOf),
    ...(kinds.includes('mount') ? { propagation: propagation ?? 'private' } : {}),
    ...(Object.keys(offsets).length > 0 ? { timeOffsets: offsets } : {}),
  }
}

function fileSteps(options: NamespaceOptions, kinds: readonly Kind[]): Step[] {
  return kinds.flatMap(kind => {
    const path = options[kind]
    return typeof path === 'string' ? [{ do: 'ns.file', type: fileOf(kind), path }] : []
  })
}
