// What a new /dev holds: the devices and links that OCI promises to every container. Nodes are bound from
// the host, since mknod(2) is refused in a user namespace. See the runtime-spec, config-linux.md,
// "Default Devices", and the kernel's admin-guide/devices.txt.
import type { Step } from '@srcon/kit/step'

const NODES: readonly (readonly [path: string, major: number, minor: number])[] = [
  ['/dev/null', 1, 3],
  ['/dev/zero', 1, 5],
  ['/dev/full', 1, 7],
  ['/dev/random', 1, 8],
  ['/dev/urandom', 1, 9],
  ['/dev/tty', 5, 0],
]
const LINKS: readonly (readonly [path: string, to: string])[] = [
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
  ['/dev/ptmx', 'pts/ptmx'],
]

/** Paths of the devices in every new /dev. */
export const DEVICES: readonly string[] = NODES.map(([path]) => path)

/** To be done right after a tmpfs was mounted on /dev. */
export const deviceSteps: readonly Step[] = [
  ...NODES.map(([path, major, minor]) => ({ do: 'fs.device', path, major, minor })),
  ...LINKS.map(([path, to]) => ({ do: 'fs.symlink', path, to })),
]
