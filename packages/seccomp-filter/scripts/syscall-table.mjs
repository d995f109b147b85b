// Writes core/src/table/calls.rs: each system call, its number per architecture, the width and the names of its arguments,
// and since which kernel it is there.
// - Numbers: the kernel's own headers, as Debian packs them (linux-libc-dev, and linux-libc-dev-{arm64,armhf,riscv64,s390x,ppc64el}-cross,
//   unpacked below KERNEL_HEADERS, else /). From 403 on a call has the same number everywhere, so those newer than the headers stand
//   below. loongarch64 has no package; it is asm-generic/unistd.h with few choices.
// - Widths and names: the kernel's prototypes as tracefs shows them (events/syscalls/*/format), so the script is run as root on a
//   kernel with CONFIG_FTRACE_SYSCALLS; what this kernel was built without stands below.
// - Since: syscalls(2) of Debian's manpages-dev; newer ones below.
//     KERNEL_HEADERS=/tmp/headers node packages/seccomp-filter/scripts/syscall-table.mjs
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { aliases, missing, newer, prototypes, since32 } from './syscall-facts.mjs'

const root = process.env.KERNEL_HEADERS ?? ''
const X32_BIT = 0x40000000

/** Every `__NR_…` that a header of a machine defines, with the compiler's own idea of arithmetic. */
function headers(triplet, ...defines) {
  const include = triplet.startsWith('x86_64') ? `/usr/include/${triplet}` : `${root}/usr/${triplet}/include`
  const shared = triplet.startsWith('x86_64') ? ['-I/usr/include'] : []
  const header = defines.find(d => d.endsWith('.h')) ?? 'asm/unistd.h'
  const flags = ['-E', '-dM', '-undef', '-nostdinc', `-I${include}`, ...shared, ...defines.filter(d => !d.endsWith('.h')).map(d => `-D${d}`)]
  const text = execFileSync('cc', [...flags, '-'], { input: `#include <${header}>\n`, encoding: 'utf8' })
  const words = Object.fromEntries([...text.matchAll(/^#define (\w+) (.+)$/gm)].map(([, name, value]) => [name, value]))
  const value = expression => expression.replace(/[()]/g, '').split('+').reduce((sum, term) => {
    const word = term.trim()
    return sum + (/^\d/.test(word) ? Number(word) : value(words[word] ?? 'NaN'))
  }, 0)
  const table = {}
  for (const [word, expression] of Object.entries(words)) {
    const name = /^__(?:ARM_)?NR_(\w+)$/.exec(word)?.[1]
    if (name === undefined || /^(?:syscalls|llseek|timerfd|arch_specific_syscall|SYSCALL_\w+|BASE|OABI_\w+)$/.test(name)) continue
    const number = value(expression)
    if (Number.isFinite(number)) table[name] = number
  }
  return table
}

/** Columns, in the order of `Arch::ALL`. */
const columns = {
  x86_64: headers('x86_64-linux-gnu', 'asm/unistd_64.h'),
  x86: headers('x86_64-linux-gnu', 'asm/unistd_32.h'),
  x32: headers('x86_64-linux-gnu', 'asm/unistd_x32.h', '__X32_SYSCALL_BIT=0x40000000'),
  aarch64: headers('aarch64-linux-gnu', '__BITS_PER_LONG=64', '__LP64__', '__SIZEOF_POINTER__=8', '__aarch64__'),
  arm: headers('arm-linux-gnueabihf', '__ARM_EABI__'),
  riscv64: headers('riscv64-linux-gnu', '__BITS_PER_LONG=64', '__LP64__', '__SIZEOF_POINTER__=8', '__riscv_xlen=64'),
  s390x: headers('s390x-linux-gnu', '__s390x__'),
  ppc64le: headers('powerpc64le-linux-gnu', '__powerpc64__'),
  loongarch64: headers('riscv64-linux-gnu', 'asm-generic/unistd.h', '__BITS_PER_LONG=64', '__LP64__', '__SIZEOF_POINTER__=8', '__ARCH_WANT_SYS_CLONE', '__ARCH_WANT_SYS_CLONE3', '__ARCH_WANT_NEW_STAT'),
}
for (const [name, { number, only }] of Object.entries(newer)) {
  for (const [arch, table] of Object.entries(columns)) {
    if (!only || only.includes(arch)) table[name] ??= number + (arch === 'x32' ? X32_BIT : 0)
  }
}

/** How many bits of an argument the kernel reads, from its C type. */
function widthOf(type) {
  if (type.includes('*')) return 64
  const plain = type.replace(/\bconst\b/g, '').trim()
  if (plain === 'umode_t') return 16
  const ints = ['int', 'unsigned int', 'unsigned', 'u32', '__u32', '__s32', 'pid_t', 'uid_t', 'gid_t', 'clockid_t', 'timer_t', 'mqd_t', 'key_t',
    'key_serial_t', 'qid_t', 'rwf_t', 'enum landlock_rule_type']
  return ints.includes(plain) ? 32 : 64
}

/** `type name` as a width, a name, and whether it takes two registers where those have 32 bits. */
function argument(declaration) {
  const [, type, name] = /^(.*?)(\w+)$/.exec(declaration.trim())
  return { width: widthOf(type), name: name.replace(/^_/, ''), wide: /\b(loff_t|u64|__u64)\b/.test(type) && !type.includes('*'), id: /\b[ug]id_t\b/.test(type) }
}

/** Prototypes by call, from a tracefs mounted in a mount namespace that ends with the command. */
function traced() {
  const script = 'mount -t tracefs none /mnt && cd /mnt/events/syscalls && grep -H "^.field:" sys_enter_*/format'
  const text = execFileSync('unshare', ['--mount', 'sh', '-c', script], { encoding: 'utf8', maxBuffer: 1 << 26 })
  const calls = {}
  for (const [, call, declaration] of text.matchAll(/^sys_enter_(\w+)\/format:\tfield:([^;]+);/gm)) {
    const args = calls[call] ??= []
    if (!/ (common_\w+|__syscall_nr|__\w+_val)$/.test(declaration)) args.push(argument(declaration))
  }
  return calls
}

/** Kernel versions from syscalls(2). */
function manual() {
  const text = gunzipSync(readFileSync('/usr/share/man/man2/syscalls.2.gz')).toString()
  return Object.fromEntries([...text.matchAll(/^\\fB(\w+)\\fP\(2\)\t(\d[\d.]*)/gm)].map(([, name, version]) => [name, version]))
}

const seen = traced()
const versions = manual()
/** The call that a name of 32-bit architectures is another width of. */
const plain = name => name.replace(/_time64$|64$|32$/, '')
const prototypeOf = name => missing[name]?.map(argument) ?? seen[prototypes[name] ?? name] ?? seen[name] ?? seen[prototypes[plain(name)] ?? plain(name)]
const sinceOf = name => newer[name]?.since ?? since32[name] ?? versions[name] ?? versions[plain(name)] ?? ''

const code = { 64: 0, 32: 1, 16: 2 }
const names = [...new Set(Object.values(columns).flatMap(Object.keys))].sort()
const bare = []
/** Where 32-bit architectures have `setuid32` too, the plain one reads ids of 16 bits. */
const narrow = name => names.includes(`${name}32`)
const rows = names.map(name => {
  const args = prototypeOf(name) ?? []
  if (!prototypeOf(name)) bare.push(name)
  const bits = widths => widths.reduce((sum, width, i) => sum | code[width] << 2 * i, 0)
  const wide = bits(args.map(a => a.width))
  const small = bits(args.map(a => (narrow(name) && a.id ? 16 : a.width)))
  // `arg2` is the third register of every call; prctl's prototype counts its arguments from one.
  const own = (a, i) => (/^arg\d$/.test(a.name) ? `arg${i}` : a.name)
  const words = args.map((a, i) => [own(a, i), ...(aliases[name]?.[i] ?? []).filter(alias => alias !== a.name)].join('/') + (a.wide ? ':64' : ''))
  const numbers = Object.values(columns).map(table => table[name] ?? 'N')
  return `    c("${name}", [${numbers.join(', ')}], 0x${wide.toString(16)}, 0x${small.toString(16)}, "${words.join(' ')}", "${sinceOf(name)}"),`
})
process.stderr.write(`${names.length} calls; without a prototype: ${bare.join(' ')}\nwithout a version: ${names.filter(name => !sinceOf(name)).join(' ')}\n`)

writeFileSync(new URL('../core/src/table/calls.rs', import.meta.url), `// Generated by scripts/syscall-table.mjs; do not edit.
use super::{Call, NONE as N, call as c};

/// Sorted by name. Numbers: ${Object.keys(columns).join(', ')}. Widths where
/// registers have 64 and 32 bits: two bits an argument, 0 for the register, 1 for 32, 2 for 16. Names: of
/// an argument all that it goes by; \`:64\` takes two registers of 32 bits. Since: version of the kernel.
#[rustfmt::skip]
pub(super) static CALLS: &[Call] = &[
${rows.join('\n')}
];
`)
