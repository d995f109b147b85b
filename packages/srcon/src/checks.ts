// What a container needs of its host, asked ahead of time: each check probes, says what it means, and what
// to do. See user_namespaces(7), cgroups(7), seccomp(2).
import { launcherPath } from '@srcon/kit/addon'
import { run, plan } from '@srcon/kit'
import { ToolError } from '@srcon/kit/error'
import { filterRefusal, inInitialUserNamespace, kernelRelease, maskedProc, selfStatus, sysctl, userNamespaceRefusal } from '@srcon/kit/probes'
import { defaultMaps, mayMap } from './ids.ts'
import { newContainer } from './configure.ts'
import { readFacts } from './host.ts'
import { partsOf } from './steps.ts'
import { links, type Facts } from './tools.ts'

export interface Check {
  readonly name: string
  readonly ok: boolean
  /** What was found. */
  readonly found: string
  /** What it means for containers, where it is not as it should be. */
  readonly means?: string | undefined
  readonly fix?: string | undefined
}

const OLDEST = [5, 14] as const

/** All checks, in the order in which one explains the next. */
export async function check(facts: Facts = readFacts()): Promise<readonly Check[]> {
  return [kernel(), launcher(), userNamespaces(), ids(facts), proc(), ...limits(facts), seccomp(), await container(facts)]
}

function kernel(): Check {
  const [major, minor] = kernelRelease()
  const ok = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
  const found = `Linux ${major}.${minor} on ${process.arch}`
  return { name: 'kernel', ok, found, ...(ok ? {} : { means: 'calls that we rest on came with Linux 5.14', fix: 'use a newer kernel' }) }
}

function launcher(): Check {
  try {
    return { name: 'launcher', ok: true, found: launcherPath(import.meta.url) }
  } catch (error) {
    const { message, hint } = error as ToolError
    return { name: 'launcher', ok: false, found: message, means: 'nothing can be started', fix: hint }
  }
}

function userNamespaces(): Check {
  const refusal = userNamespaceRefusal()
  const most = sysctl('user.max_user_namespaces')
  const name = 'user namespaces'
  if (!refusal) return { name, ok: true, found: `allowed, at most ${most ?? '?'}` }
  return { name, ok: false, found: refusal.why ?? 'refused', means: 'containers have the ids of their caller, and an ordinary user has none', fix: refusal.fix }
}

function ids(facts: Facts): Check {
  const own = facts.ns()
  const name = 'ids of their own'
  const { mapUsers, mapRootUser } = defaultMaps(own, false)
  const [first] = mapUsers ?? []
  if (first !== undefined && !mapRootUser) return { name, ok: true, found: first === 'auto' ? `by newuidmap, ${own.subuid?.count ?? 0} from ${own.subuid?.start ?? 0} on` : `${first.count} from ${first.outside} on` }
  const found = mayMap(own) ? 'no other ids are mapped here' : own.helpers ? '/etc/subuid or /etc/subgid has no line for this user' : 'newuidmap and newgidmap are not installed'
  return { name, ok: false, found, means: 'root inside a container is its caller outside, and other ids cannot be had', fix: own.helpers ? 'as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER' : 'apt install uidmap (Debian), dnf install shadow-utils (Fedora)' }
}

function proc(): Check {
  const masked = maskedProc()
  const name = 'a new /proc'
  if (masked.length === 0) return { name, ok: true, found: inInitialUserNamespace() ? 'nothing of /proc is hidden' : 'nothing of /proc is hidden from this container' }
  return { name, ok: false, found: `hidden here: ${masked.slice(0, 3).join(', ')}`, means: 'in a user namespace the kernel refuses a proc that shows more', fix: 'docker run --security-opt systempaths=unconfined, or chroot-fs --bind-proc' }
}

/** A plan is made, nothing is tried: whether the group can be made is known from who may write where. */
function limits(facts: Facts): Check[] {
  const { hierarchies, candidates } = facts.cgroup()
  return ['memory', 'cpu', 'pids'].map(controller => {
    const name = `limit of ${controller}`
    const at = hierarchies.find(({ controllers }) => controllers.includes(controller))
    if (!at) return { name, ok: false, found: 'no hierarchy has this controller', means: `no container can be limited in ${controller}`, fix: `as root: mount one, or enable it with cgroup_enable=${controller} on the kernel's command line` }
    const found = `cgroup v${at.version} at ${at.mount}`
    const writable = at.version === 2 ? candidates.some(each => each.writable) : selfStatus().uid.effective === 0
    if (writable) return { name, ok: true, found }
    return { name, ok: false, found: `${found}, not to be written by this user`, means: `this user cannot limit containers in ${controller}`, fix: at.version === 2 ? 'run in a delegated group: systemd-run --user --scope -p Delegate=yes SHELL' : 'run as root, or use a host with cgroup v2' }
  })
}

function seccomp(): Check {
  const name = 'system-call policies'
  const actions = sysctl('kernel.seccomp.actions_avail')
  if (actions === undefined) return { name, ok: false, found: 'this kernel has none', means: 'no policy can be loaded', fix: 'use a kernel with CONFIG_SECCOMP_FILTER' }
  const already = filterRefusal('calls')
  return { name, ok: true, found: already ? 'available; a filter is on this process already' : 'available' }
}

/** The one that counts: a container with every wall. */
async function container(facts: Facts): Promise<Check> {
  const name = 'a container'
  try {
    const steps = partsOf(newContainer([], facts), facts).flatMap(part => part.steps)
    const { ok, wallMs } = await run(plan(['true'], steps), { links })
    return { name, ok, found: ok ? `started and ended in ${wallMs.toFixed(1)} ms` : 'started, but /bin/true failed' }
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    return { name, ok: false, found: error.message, means: error.why, fix: error.hint }
  }
}
