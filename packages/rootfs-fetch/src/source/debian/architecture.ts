// Architectures in Debian's words, and whether programs of one run here: the packages' own scripts do while it is made.
import { readFileSync } from 'node:fs'
import { ToolError, usage } from '@srcon/kit/error'
import { tool } from '../../native.ts'

/** Of this machine. */
export function debianArch(arch: string = process.arch): string {
  return { x64: 'amd64', arm64: 'arm64', arm: 'armhf', ia32: 'i386', ppc64: 'ppc64el', loong64: 'loong64' }[arch] ?? arch
}

/** The emulator of each as binfmt_misc has it. */
const emulators: Readonly<Record<string, string>> = {
  amd64: 'x86_64', i386: 'i386', arm64: 'aarch64', armhf: 'arm', armel: 'arm', ppc64el: 'ppc64le', riscv64: 'riscv64', s390x: 's390x', mips64el: 'mips64el', mipsel: 'mipsel', loong64: 'loongarch64',
}

/** Pure; throws a ToolError `E_USAGE`. */
export function readArch(word: string): string {
  if (Object.hasOwn(emulators, word)) return word
  throw usage(tool, `'${word}' is no architecture of Debian`, `one of ${Object.keys(emulators).join(', ')}`)
}

/** Throws a ToolError `E_HOST` where its programs do not run. */
export function refuseForeign(arch: string, host = debianArch(), read: (path: string) => string | undefined = textOf): void {
  if (arch === host || (arch === 'i386' && host === 'amd64')) return
  const name = `qemu-${emulators[arch]}`
  const entry = read(`/proc/sys/fs/binfmt_misc/${name}`)
  if (entry?.startsWith('enabled')) return
  const why = entry !== undefined ? `the emulator ${name} is registered and switched off` : read('/proc/sys/fs/binfmt_misc/status') === undefined ? 'binfmt_misc is not mounted, so no emulator is registered' : `no emulator ${name} is registered in binfmt_misc`
  throw new ToolError(tool, `programs of ${arch} do not run on ${host}`, { code: 'E_HOST', why: `${why}; the packages' own scripts must run while a Debian is made`, hint: 'apt-get install qemu-user-static binfmt-support' })
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
