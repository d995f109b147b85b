// What seccomp-filter accepts. See seccomp(2) and docs/architecture.md.
import type { ToolTable } from '@srcon/kit/table'

const arch = {
  takes: 'value', meta: 'NAME', choices: ['x86_64', 'x86', 'x32', 'aarch64', 'arm', 'riscv64', 's390x', 'ppc64le', 'loongarch64'], about: 'look as on another machine',
} as const

const policy = { name: 'POLICY', about: 'a name or a file, as for --profile; a file that ends in .bpf is a raw filter', required: true, completes: 'file' } as const
const asking = {
  arch,
  caps: { takes: 'value', meta: 'LIST', about: 'capabilities of the command, for Docker profiles that ask' },
  widths: { takes: 'value', meta: 'HOW', choices: ['kernel', 'register'], about: 'compare what the kernel reads of an argument (default), or whole registers' },
} as const
const loading = {
  profile: {
    takes: 'value', short: 'p', meta: 'NAME|FILE', completes: 'file', about: 'default, strict, srcontainer, srcontainer-hardened, none, or a file in any form',
    more: 'Without it: default. A FILE is a policy in the terse form (docs/policy-language.md), an OCI linux.seccomp object, a config.json that has one, a profile of Docker or podman, or, if it ends in .bpf, a program; a name with a slash or a dot is a file.',
  },
  log: { takes: 'nothing', about: 'log each refused call, as far as kernel.seccomp.actions_logged says' },
  'no-no-new-privs': {
    takes: 'nothing', about: 'do not set no_new_privs first; needs CAP_SYS_ADMIN at this place of the chain',
    more: 'A filter without no_new_privs must be loaded before the capabilities are dropped: put seccomp-filter before caps.',
  },
  caps: {
    takes: 'value', meta: 'LIST', about: 'capabilities of the command, for Docker profiles that ask: CAP_SYS_ADMIN,…',
    more: "Decides what includes.caps and excludes.caps of a Docker profile mean. Without it: Docker's fourteen default capabilities. It changes no capability.",
  },
  widths: {
    takes: 'value', meta: 'HOW', choices: ['kernel', 'register'], about: 'compare what the kernel reads of an argument (default), or whole registers',
    more: 'An int is passed in a 64-bit register of which the kernel reads half; register compares all of it, as libseccomp does.',
  },
} as const

export const table: ToolTable = {
  name: 'seccomp-filter',
  about: 'System-call policies, compiled to BPF and loaded',
  verbs: {
    '': {
      about: 'Load a policy, then run a command under it',
      command: 'optional',
      positionals: [],
      options: {
        ...loading,
      },
    },
    show: {
      about: 'Seccomp mode of a process, its filters, and what they say where ptrace allows to read them',
      positionals: [{ name: 'PID', about: 'a process id, or self', required: true, completes: 'pid' }],
      options: {
        raw: { takes: 'value', meta: 'FILE', completes: 'file', about: 'write a filter to FILE, which must not exist yet, as an array of struct sock_filter' },
        disassemble: { takes: 'nothing', about: 'the filters as listings instead of policies' },
        filter: { takes: 'value', meta: 'N', about: 'only this filter; 0 was loaded first' },
      },
    },
    check: {
      about: 'Compile a policy, load nothing; say what it comes to',
      positionals: [{ name: 'POLICY', about: 'a name or a file, as for --profile', required: true, completes: 'file' }],
      options: {
        arch,
        caps: { takes: 'value', meta: 'LIST', about: 'capabilities of the command, for Docker profiles that ask' },
        widths: { takes: 'value', meta: 'HOW', choices: ['kernel', 'register'], about: 'compare what the kernel reads of an argument (default), or whole registers' },
      },
    },
    explain: {
      about: 'What a policy answers to a call: the line that decides and the way through the program',
      positionals: [
        policy,
        { name: 'CALL', about: 'a system call, by name or number', required: true },
        ...['ARG0', 'ARG1', 'ARG2', 'ARG3', 'ARG4', 'ARG5'].map(name => ({ name, about: 'a number, constants joined by |, or name=value; 0 if absent' })),
      ],
      options: { ...asking, arch: { ...arch, about: "the way into the kernel that the call takes; without it this machine's own" } },
    },
    diff: {
      about: 'Compare two policies by meaning; each difference with a call that shows it. Ends with 1 if they differ',
      positionals: [{ ...policy, name: 'A' }, { ...policy, name: 'B' }],
      options: { ...asking, arch: { ...arch, about: 'compare for this machine, and only this way into the kernel' } },
    },
    minimise: {
      about: 'The shortest policy of the same meaning, read again and proved equal',
      positionals: [policy],
      options: {
        oci: { takes: 'nothing', about: 'as a linux.seccomp object instead of in the terse form' },
        ...asking,
      },
    },
    lint: {
      about: 'Find what works otherwise than its author may think. Ends with 1 if something is an error',
      positionals: [policy],
      options: asking,
    },
    export: {
      about: 'The filter or the policy in another form, on stdout',
      positionals: [policy],
      options: {
        raw: { takes: 'nothing', about: 'the array of struct sock_filter, as bwrap --seccomp and setpriv --seccomp-filter take it' },
        c: { takes: 'nothing', about: 'a C array' },
        disassemble: { takes: 'nothing', about: 'a listing: operations, where jumps lead, what is compared, lines of the policy' },
        oci: { takes: 'nothing', about: 'a linux.seccomp object, as every OCI runtime takes it' },
        terse: { takes: 'nothing', about: 'the terse form; of a raw filter its decompilation' },
        ...asking,
      },
    },
    run: {
      about: 'The same as without a verb; with --why, say which calls were refused',
      command: 'required',
      positionals: [],
      options: {
        ...loading,
        why: {
          takes: 'nothing', about: 'report each refused call on stderr: arguments, process, line of the policy',
          more: 'Allowed calls keep their speed. A call that the policy answers by a kill ends the process by SIGSYS, or by SIGKILL where it handles, ignores or blocks that, or is the first of its pid namespace.',
        },
        report: { takes: 'value', meta: 'FILE', completes: 'file', about: 'with --why: there instead of stderr' },
      },
    },
    learn: {
      about: 'Run a command, record its calls, write the policy that allows them and no others',
      command: 'required',
      positionals: [],
      options: {
        output: { takes: 'value', short: 'o', meta: 'FILE', completes: 'file', about: 'where the policy goes; without it to stdout, after the command' },
        base: { takes: 'value', meta: 'POLICY', completes: 'file', about: 'a policy that holds too: what was seen is allowed besides' },
        merge: { takes: 'value', meta: 'FILE', completes: 'file', repeat: true, about: 'what an earlier learn has seen: its policy, or its --json' },
        runs: { takes: 'value', meta: 'N', about: 'run it N times; what any run did is allowed' },
        oci: { takes: 'nothing', about: 'write OCI linux.seccomp instead of the terse form' },
        'allow-clone3': { takes: 'nothing', about: 'let the command use clone3, whose flags no filter can see; else it is told ENOSYS and takes clone' },
        'no-no-new-privs': { takes: 'nothing', about: 'do not set no_new_privs first; needs CAP_SYS_ADMIN at this place of the chain' },
      },
    },
    fmt: {
      about: 'Bring policies of the terse form into its canonical form, in place; print which changed',
      positionals: [{ name: 'FILE', about: 'a policy', required: true, repeat: true, completes: 'file' }],
      options: { check: { takes: 'nothing', about: 'change nothing; an error if one is not in canonical form' } },
    },
    table: {
      about: 'System calls: numbers, arguments and how many bits of each the kernel reads, since when, groups',
      positionals: [{ name: 'CALL', about: 'a call by name or number, or a group: @network-io; without one all', repeat: true }],
      options: { arch: { ...arch, about: "another machine's" } },
    },
    simulate: {
      about: 'What a policy says of a call, by two implementations that are not the compiler',
      positionals: [
        { name: 'POLICY', about: 'a name or a file, as for --profile; a file that ends in .bpf is a raw filter', required: true, completes: 'file' },
        { name: 'CALL', about: 'a system call, by name or number' },
        ...['ARG0', 'ARG1', 'ARG2', 'ARG3', 'ARG4', 'ARG5'].map(name => ({ name, about: 'a register: decimal, 0x…, 0o…; 0 if absent' })),
      ],
      options: {
        arch: { ...arch, about: "the way into the kernel that the call takes; without it this machine's own" },
        calls: { takes: 'value', meta: 'FILE', completes: 'file', about: 'many calls, one a line; - is stdin' },
        trace: { takes: 'nothing', about: 'each instruction that is executed' },
        caps: { takes: 'value', meta: 'LIST', about: 'capabilities of the command, for Docker profiles that ask' },
        widths: { takes: 'value', meta: 'HOW', choices: ['kernel', 'register'], about: 'compare what the kernel reads of an argument (default), or whole registers' },
      },
    },
  },
  examples: [
    { command: 'seccomp-filter -- sh', about: 'a shell under the default policy: no mounts, namespaces, key rings, kernel modules' },
    { command: 'seccomp-filter --profile srcontainer -- sh', about: 'everything but seven calls' },
    { command: 'seccomp-filter --plan', about: 'the steps, with the compiled program' },
    { command: 'seccomp-filter learn -o ls.policy -- ls', about: 'the policy that ls needs' },
    { command: 'seccomp-filter run --why -- unshare --user true', about: 'which call was refused, and by what' },
    { command: 'seccomp-filter show self', about: 'how this shell stands' },
    { command: 'seccomp-filter check default', about: 'how long the program is and what its author should know' },
    { command: 'seccomp-filter simulate default socket 40 1 --trace', about: 'what it answers to socket(AF_VSOCK, SOCK_STREAM), instruction by instruction' },
    { command: 'seccomp-filter table clone @chmod --arch s390x', about: 'numbers and arguments on another machine' },
    { command: 'seccomp-filter -n --profile default', about: 'the policy as a config, for any OCI runtime' },
  ],
  notes: [
    'Put it last of a chain: what comes after it runs under the filter, and mount, unshare and capset of later links may be refused.',
    'A filter can never be taken off again; a second one can only forbid more.',
    'Other ways into the kernel are closed: of a 64-bit PC the 32-bit entry (int $0x80) and x32 end the process, unless the policy lists their architecture.',
    'Calls that the default policy does not name, newer ones too, answer ENOSYS, so that a C library takes an older call; so does clone3, whose flags a filter cannot see.',
  ],
  seeAlso: ['seccomp(2)', 'prctl(2)', 'syscalls(2)', 'signal(7)'],
}
