// Writes core/src/table/calls.rs: each system call, its number per architecture and the width of its arguments.
// Numbers come from the kernel's own headers (Debian: linux-libc-dev); those newer than the headers stand below, since from
// 403 on a call has the same number everywhere. Widths come from the kernel's prototypes as tracefs shows them
// (events/syscalls/*/format), so the script is run as root on a kernel with CONFIG_FTRACE_SYSCALLS:
//     node packages/seccomp-filter/scripts/syscall-table.mjs
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const include = process.env.KERNEL_HEADERS ?? '/usr/include/x86_64-linux-gnu'
const NONE = 'N'

/** Numbers 451 and up, the same on every architecture here; x86-64 alone has the two probes. */
const newer = Object.entries({
  cachestat: 451, fchmodat2: 452, map_shadow_stack: 453, futex_wake: 454, futex_wait: 455, futex_requeue: 456, statmount: 457,
  listmount: 458, lsm_get_self_attr: 459, lsm_set_self_attr: 460, lsm_list_modules: 461, mseal: 462, setxattrat: 463,
  getxattrat: 464, listxattrat: 465, removexattrat: 466, open_tree_attr: 467, file_getattr: 468, file_setattr: 469, listns: 470,
  rseq_slice_yield: 471,
})
const probes = { uretprobe: 335, uprobe: 336 }

/** Where the prototype in the kernel has another name than the call. */
const prototypes = {
  stat: 'newstat', lstat: 'newlstat', fstat: 'newfstat', uname: 'newuname', umount2: 'umount', sendfile: 'sendfile64',
  _sysctl: 'sysctl', umount: 'oldumount', stat64: 'stat64', fadvise64_64: 'fadvise64_64',
}

const x32Bit = 0x40000000
const headers = file => Object.fromEntries([...readFileSync(`${include}/asm/${file}`, 'utf8')
  .matchAll(/^#define __NR_(\w+) (?:\((__X32_SYSCALL_BIT) \+ )?(\d+)\)?$/gm)]
  .map(([, name, bit, nr]) => [name, Number(nr) + (bit ? x32Bit : 0)]))

/** arm64 has no list of its own: it is asm-generic/unistd.h with a few choices. */
function generic() {
  const choices = ['__ARCH_WANT_RENAMEAT', '__ARCH_WANT_NEW_STAT', '__ARCH_WANT_SET_GET_RLIMIT', '__ARCH_WANT_SYS_CLONE3',
    '__ARCH_WANT_MEMFD_SECRET', '__BITS_PER_LONG=64']
  const input = '#include <asm-generic/unistd.h>\n'
  const defines = execFileSync('cc', ['-E', '-dM', ...choices.map(c => `-D${c}`), '-'], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] })
  const words = Object.fromEntries([...defines.matchAll(/^#define __NR(\w+) (\w+)$/gm)].map(([, name, value]) => [name, value]))
  const resolve = value => /^\d+$/.test(value) ? Number(value) : resolve(words[value.replace(/^__NR/, '')])
  return Object.fromEntries(Object.entries(words).filter(([name]) => /^_[a-z_]/.test(name) && !['_syscalls', '_arch_specific_syscall'].includes(name))
    .map(([name, value]) => [name.slice(1), resolve(value)]))
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

/** Widths by call, from a tracefs mounted in a mount namespace that ends with the command. */
function widths() {
  const script = 'mount -t tracefs none /mnt && cd /mnt/events/syscalls && grep -H "^.field:" sys_enter_*/format'
  const text = execFileSync('unshare', ['--mount', 'sh', '-c', script], { encoding: 'utf8', maxBuffer: 1 << 26 })
  const calls = {}
  for (const [, call, declaration] of text.matchAll(/^sys_enter_(\w+)\/format:\tfield:([^;]+);/gm)) {
    const type = declaration.replace(/\s*\w+$/, '')
    const args = calls[call] ??= []
    if (!/ (common_\w+|__syscall_nr|__\w+_val)$/.test(declaration)) args.push(widthOf(type))
  }
  return calls
}

const tables = [headers('unistd_64.h'), headers('unistd_32.h'), headers('unistd_x32.h'), generic()]
for (const [name, nr] of newer) tables.forEach((table, i) => { table[name] = nr + (i === 2 ? x32Bit : 0) })
for (const [name, nr] of Object.entries(probes)) { tables[0][name] = nr; tables[2][name] = nr + x32Bit }
const seen = widths()
// From the headers alone, for calls that the running kernel was built without.
const fallback = {
  kexec_file_load: [32, 32, 64, 64, 64], userfaultfd: [32], delete_module: [64, 32], finit_module: [32, 64, 32], map_shadow_stack: [64, 64, 32],
  listns: [64, 64, 64, 32],
}

const code = { 64: 0, 32: 1, 16: 2 }
const names = [...new Set(tables.flatMap(Object.keys))].sort()
const rows = names.map(name => {
  const args = seen[prototypes[name] ?? name] ?? seen[name] ?? fallback[name] ?? []
  const bits = args.reduce((sum, width, i) => sum | code[width] << 2 * i, 0)
  const numbers = tables.map(table => table[name] === undefined ? NONE : String(table[name]))
  return `    c("${name}", [${numbers.join(', ')}], 0x${bits.toString(16)}),`
})
const unknown = names.filter(name => tables[0][name] !== undefined && !seen[prototypes[name] ?? name] && !seen[name])
process.stderr.write(`${names.length} calls; without a prototype on this kernel: ${unknown.join(' ')}\n`)

writeFileSync(new URL('../core/src/table/calls.rs', import.meta.url), `// Generated by scripts/syscall-table.mjs; do not edit.
use super::{Call, NONE as N, call as c};

/// Sorted by name. Numbers: x86-64, x86, x32, arm64. Last: two bits an argument, 0 for 64 bits, 1 for 32, 2 for 16.
#[rustfmt::skip]
pub(super) static CALLS: &[Call] = &[
${rows.join('\n')}
];
`)
