// Which trees are in use: mounted somewhere (also below another name, and in other mount namespaces), or the root or working
// directory of a process. Only what this user may see of other processes can be seen, and below an overlay nothing: containers of
// chroot-fs hold a lock beside the tree instead. This is for those that came to a tree by other ways. See proc_pid_mountinfo(5).
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'

/** The names of trees of a cache that are in use. `root`: of the cache. */
export function treesInUse(root: string): ReadonlySet<string> {
  const used = new Set<string>()
  const tail = `${root.slice(root.lastIndexOf('/'))}/trees/`
  const look = (text: string): void => {
    // A mount shows its path below its own file system, so only the end of the cache's path can be relied on.
    for (let at = text.indexOf(tail); at >= 0; at = text.indexOf(tail, at + 1)) {
      const [name] = /^[\w-]+/.exec(text.slice(at + tail.length)) ?? []
      if (name !== undefined) used.add(name)
    }
  }
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    for (const read of [() => readFileSync(`/proc/${pid}/mountinfo`, 'utf8'), () => readlinkSync(`/proc/${pid}/root`), () => readlinkSync(`/proc/${pid}/cwd`)]) {
      try {
        look(read())
      } catch {
        // It ended, or belongs to somebody else.
      }
    }
  }
  return used
}
