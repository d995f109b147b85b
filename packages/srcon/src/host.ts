// What is asked of the host: the tools' facts, the caller's environment.
import { statSync } from 'node:fs'
import { caps, cgroup, fs, ns, seccomp, type Facts } from './tools.ts'

function once<T>(read: () => T): () => T {
  let value: { readonly of: T } | undefined
  return () => (value ??= { of: read() }).of
}

/** Each is read at most once, and only when it is asked for. */
export function readFacts(): Facts {
  return {
    ns: once(() => ns.facts()),
    fs: once(() => fs.facts()),
    cgroup: once(() => cgroup.facts()),
    caps: once(() => caps.facts()),
    seccomp: once(() => seccomp.facts()),
    env: name => process.env[name],
    isDirectory: path => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false,
  }
}
