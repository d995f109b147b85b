// What caps accepts. See capabilities(7), credentials(7).
import type { ToolTable } from '@srcon/kit/table'
import { verbs } from './verbs.ts'

export const table: ToolTable = {
  name: 'caps',
  about: 'Capabilities, ids and no_new_privs of a process',
  verbs: {
    '': {
      about: 'Run a command with fewer capabilities, or as another user',
      command: 'optional',
      positionals: [],
      options: {
        drop: {
          takes: 'value', short: 'd', meta: 'LIST', repeat: true, about: 'drop these from every set; all, names, or the preset srcontainer',
          more: 'Names are separated by commas, with or without cap_, in any case. They go from the bounding, permitted, effective, inheritable and ambient sets.',
        },
        keep: {
          takes: 'value', short: 'k', meta: 'LIST', repeat: true, about: 'drop all but these; all, none, names, or the preset docker',
          more: 'A name that the process does not have is an error; of a preset, and of all, it keeps what it has. --drop then takes from what --keep left.',
        },
        ambient: {
          takes: 'value', short: 'a', meta: 'LIST', repeat: true, about: 'make these ambient: a program run as an ordinary user has them (makes them inheritable)',
          more: 'Otherwise the inheritable set is emptied by --keep. none empties the ambient set.',
        },
        'no-new-privs': { takes: 'nothing', about: 'setuid bits and file capabilities give nothing any more; cannot be undone' },
        user: {
          takes: 'value', meta: 'UID[:GID]', completes: 'user', about: 'become this user and group, by number; GID is UID where it is left out (implies --clear-groups)',
          more: 'Capabilities that were kept are there for the rest of the chain; a program run as an ordinary user has only the ambient ones.',
        },
        groups: { takes: 'value', meta: 'LIST', about: 'exactly these supplementary groups, by number' },
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
    'The order of the steps is fixed, whatever the order of the options: bounding set, groups, gid, uid, the other sets, ambient, no_new_privs. Every result is read back from the kernel.',
    'An ordinary user cannot drop from the bounding set: without --user of ns-unshare before it in the chain, --drop and --keep then need --no-new-privs, which closes what the bounding set leaves open.',
    'Put it behind the links that need capabilities, and before seccomp-filter.',
  ],
  seeAlso: ['capabilities(7)', 'credentials(7)', 'cap_text_formats(7)', 'capsh(1)', 'setpriv(1)', 'getpcaps(8)', 'captree(8)', 'getcap(8)', 'setcap(8)'],
}
