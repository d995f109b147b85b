// The library form of a container, for the test that compares the three forms: options come as JSON words.
//   node library-container.ts ROOT '{"limits":…,"namespaces":…,"root":…,"capabilities":…,"filter":…}' COMMAND…
import { capabilities, type CapabilityOptions } from '@srcon/caps'
import { limits, type LimitOptions } from '@srcon/cgroup-ctl'
import { root, type RootOptions } from '@srcon/chroot-fs'
import { launch, plan, type Step } from '@srcon/kit'
import { namespaces, type NamespaceOptions } from '@srcon/ns-unshare'
import { filter, type FilterOptions } from '@srcon/seccomp-filter'

export interface Options {
  readonly limits?: LimitOptions
  readonly namespaces: NamespaceOptions
  readonly root: RootOptions
  readonly capabilities: CapabilityOptions
  readonly filter: FilterOptions
}

const [path = '', text = '', file = '', ...args] = process.argv.slice(2)
const options = JSON.parse(text) as Options
const before: Step[] = [...(options.limits ? limits(options.limits) : []), ...namespaces(options.namespaces)]
before.push(...root(path, options.root, undefined, before))
before.push(...capabilities(options.capabilities, undefined, before))
const child = launch(plan([file, ...args], before, filter(options.filter)), { stdio: 'inherit' })
await child.started
await child.verdict
