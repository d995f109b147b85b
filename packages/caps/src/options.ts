// What caps accepts. See capabilities(7), credentials(7).
import type { ToolTable } from '@srcon/kit/table'
import { verbs } from './verbs.ts'

export const table: ToolTable = {
  name: 'caps',
  about: 'Capabilities, ids, securebits and no_new_privs of a process',
  verbs: {
    '': {
      about: 'Run a command with fewer capabilities, or as another user',
      command: 'optional',
      positionals: [],
      options: {
        drop: {
          takes: 'value', short: 'd', meta: '[SETS:]LIST', repeat: true, about: 'drop these from every set, or from SETS; all, names, or the presets srcontainer and host-root',
          more: 'Names are separated by commas, with or without cap_, in any case. They go from the bounding, permitted, effective, inheritable and ambient sets, or only from those named before a colon, by name or first letter: b:net_raw, bounding,inheritable:all.',
        },
        keep: {
          takes: 'value', short: 'k', meta: '[SETS:]LIST', repeat: true, about: 'drop all but these; all, none, names, or the presets docker, podman, net-bind, net-admin, install',
          more: 'A name that the process does not have is an error; of a preset, and of all, it keeps what it has. --drop then takes from what --keep left.',
        },
        add: {
          takes: 'value', meta: '[SETS:]LIST', repeat: true, about: 'add these to SETS: i:net_raw, a:kill; without SETS to bounding, permitted and effective',
          more: 'Only inheritable, effective and ambient can grow; for the others it says that they must be there. --drop all --add X reads as --keep X. Changes of single sets count in the order written, after --drop and --keep of all.',
        },
        caps: {
          takes: 'value', meta: 'TEXT', about: 'the thread\'s sets by a text as getpcaps prints it: cap_net_raw,cap_chown=ep, all=p cap_sys_admin-e',
          more: 'Effective, permitted and inheritable are as the text says, in the form of cap_text_formats(7); all is as much as the process has, a name is a demand.',
        },
        iab: {
          takes: 'value', meta: 'TEXT', about: 'inheritable, ambient and bounding by a text: !%cap_chown,^cap_setpcap',
          more: 'Inheritable and ambient are exactly what the text says; what it marks with ! goes from the bounding set.',
        },
        ambient: {
          takes: 'value', short: 'a', meta: 'LIST', repeat: true, about: 'make these ambient: a program run as an ordinary user has them (makes them inheritable)',
          more: 'Otherwise the inheritable set is emptied by --keep. none empties the ambient set.',
        },
        'keep-caps': { takes: 'nothing', about: 'all that is kept becomes ambient, so that a program run as an ordinary user has it (as --ambient all)' },
        securebits: {
          takes: 'value', meta: 'LIST', repeat: true, about: 'set these, or clear those with - before: noroot, noroot-locked, no-setuid-fixup, keep-caps, no-cap-ambient-raise, …',
          more: 'Each has a lock, NAME-locked, which stays until the process ends. Others stay as they are, also those that only a newer kernel knows. exec clears keep-caps.',
        },
        pdeathsig: {
          takes: 'value', meta: 'SIGNAL', about: 'what the command gets when its parent ends; clear: nothing, keep: as it was',
          more: 'A change of ids or capabilities clears it, so it is armed again after each. Behind a supervisor (--pid, limits) the signal is passed on, and clear is refused.',
        },
        'no-new-privs': { takes: 'nothing', about: 'setuid bits and file capabilities give nothing any more; cannot be undone' },
        user: {
          takes: 'value', meta: 'USER[:GROUP]', completes: 'user', about: 'become this user and group, by name or number (implies --clear-groups)',
          more: 'Names are looked up in the root where the command will run, when the step is done. Without a group a name gets its own, a number the same number. Capabilities that were kept are there for the rest of the chain; a program run as an ordinary user has only the ambient ones.',
        },
        groups: { takes: 'value', meta: 'LIST', about: 'exactly these supplementary groups, by name or number' },
        'init-groups': { takes: 'nothing', about: 'the supplementary groups that /etc/group of that root gives the user' },
        'clear-groups': { takes: 'nothing', about: 'no supplementary groups' },
        'keep-groups': { takes: 'nothing', about: 'leave supplementary groups as they are' },
      },
    },
    ...verbs,
  },
  examples: [
    { command: 'caps --drop all --no-new-privs -- sh', about: 'a shell without any capability, and no way to get one' },
    { command: 'caps --keep docker -- sh', about: 'what Docker leaves a container' },
    { command: 'caps --user 1000 --keep net_bind_service --ambient net_bind_service -- httpd', about: 'an ordinary user who may bind port 80' },
    { command: 'caps show self', about: 'what this shell has' },
    { command: 'caps decode 00000000a80425fb', about: 'the names in a set' },
    { command: 'caps why -- ping -c1 localhost', about: 'the fewest capabilities that this needs' },
    { command: 'caps explain net_raw', about: 'what it allows, and what that risks' },
    { command: 'caps files -r /usr', about: 'programs that carry capabilities' },
  ],
  notes: [
    'The order of the steps is fixed, whatever the order of the options: bounding set, groups, gid, uid, the other sets, ambient, securebits, the parent-death signal, no_new_privs. Every result is read back from the kernel.',
    'An ordinary user cannot drop from the bounding set: without --user of ns-unshare before it in the chain, --drop and --keep then need --no-new-privs, which closes what the bounding set leaves open.',
    'Put it behind the links that need capabilities, and before seccomp-filter.',
  ],
  seeAlso: ['capabilities(7)', 'credentials(7)', 'cap_text_formats(7)', 'capsh(1)', 'setpriv(1)', 'getpcaps(8)', 'captree(8)', 'getcap(8)', 'setcap(8)'],
}
