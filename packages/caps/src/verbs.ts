// What the verbs of caps accept: those that look, and those that change files. Data only.
import type { VerbRow } from '@srcon/kit/table'

const rootId = { takes: 'value', meta: 'UID', about: 'they count only in user namespaces whose root this user is, as seen from here' } as const

export const verbs: Readonly<Record<string, VerbRow>> = {
  show: {
    about: 'Capability sets, ids, no_new_privs and user namespace of processes',
    positionals: [{ name: 'PID', about: 'a process id, or self', required: true, repeat: true, completes: 'pid' }],
    options: { threads: { takes: 'nothing', about: 'also the threads that have other privileges than their process' } },
  },
  tree: {
    about: 'Processes below one another with their capabilities',
    positionals: [{ name: 'PID', about: 'where it begins; default: everything that is seen', completes: 'pid' }],
    options: {
      all: { takes: 'nothing', about: 'also processes without any capability, which are only counted otherwise' },
      depth: { takes: 'value', meta: 'LEVELS', about: 'not deeper than this' },
    },
  },
  decode: {
    about: 'A text of capabilities in the other forms: digits, names, cap_text_formats(7)',
    positionals: [{ name: 'TEXT', about: 'digits, a line Cap…: of /proc/PID/status, names, clauses (cap_kill=ep), or IAB (!cap_chown,^cap_kill)', required: true, repeat: true }],
    options: {},
  },
  explain: {
    about: 'What capabilities allow, since when, in which calls, and what that risks',
    positionals: [{ name: 'CAP', about: 'a name, or a text of any form that decode reads; default: one line for each', repeat: true }],
    options: {},
  },
  supports: {
    about: 'Whether this kernel knows a capability or a feature: exit code 0 or 1',
    positionals: [{ name: 'WHAT', about: 'a capability; or ambient, no-new-privs, securebits, file-capabilities, user-namespaces, tracepoint', required: true }],
    options: {},
  },
  test: {
    about: 'Whether a process has what is asked: exit code 0 or 1, silent',
    positionals: [{ name: 'PID', about: 'a process id, or self (default)', completes: 'pid' }],
    options: {
      has: {
        takes: 'value', meta: '[SETS:]CAPS', repeat: true, about: 'it has these in each of the sets; letters of e p i b a, or their names; effective where none is given',
        more: 'all means all that the kernel knows; none means that the set is empty.',
      },
      'has-no-new-privs': { takes: 'nothing', about: 'no_new_privs is set' },
      uid: { takes: 'value', meta: 'UID', about: 'its effective user is this one' },
      gid: { takes: 'value', meta: 'GID', about: 'its effective group is this one' },
      group: { takes: 'value', meta: 'GID', repeat: true, about: 'it is in this group' },
      securebits: { takes: 'value', meta: 'LIST', about: 'these securebits are set, or none; only of the process itself' },
    },
  },
  files: {
    about: 'Files that carry capabilities',
    positionals: [{ name: 'PATH', about: 'a file, or a directory: its own files', required: true, repeat: true, completes: 'file' }],
    options: {
      recursive: { takes: 'nothing', short: 'r', about: 'also in directories below; links are never followed' },
      'one-file-system': { takes: 'nothing', short: 'x', about: 'not into other file systems' },
    },
  },
  'set-file': {
    about: 'Gives files capabilities',
    positionals: [{ name: 'TEXT', about: 'as in cap_net_raw=ep; = is an attribute that gives nothing', required: true }, { name: 'FILE', about: 'a regular file; a link is not followed', required: true, repeat: true, completes: 'file' }],
    options: { 'root-id': { ...rootId, more: 'In a user namespace the kernel writes that of its root by itself.' } },
  },
  'verify-file': {
    about: 'Whether files have exactly these capabilities: exit code 0 or 1',
    positionals: [{ name: 'TEXT', about: 'as in cap_net_raw=ep', required: true }, { name: 'FILE', about: 'a regular file', required: true, repeat: true, completes: 'file' }],
    options: { 'root-id': rootId },
  },
  'remove-file': {
    about: 'Takes the capabilities of files away, an empty attribute too',
    positionals: [{ name: 'FILE', about: 'a regular file', required: true, repeat: true, completes: 'file' }],
    options: {},
  },
  why: {
    about: 'Run a command; say which capabilities it used or was refused, and the fewest to keep',
    command: 'required',
    positionals: [],
    options: {
      output: { takes: 'value', short: 'o', meta: 'FILE', completes: 'file', about: 'write the report to FILE as JSON, instead of stderr' },
      method: {
        takes: 'value', meta: 'METHOD', choices: ['auto', 'trace', 'calls'], about: 'how it finds out',
        more: "trace is exact: the kernel's own record of checks, for root of the host, Linux 6.13. calls is an estimate for everybody: the calls that can need a capability are looked at. auto takes the first that can be had.",
      },
    },
  },
}
