// The step in words, for --dry-run. Pure.
import type { Step, StepWords } from '@srcon/kit/step'
import type { Group, JoinStep } from './steps.ts'

export function words(step: Step): StepWords {
  const { groups, name } = step as JoinStep
  const paths = groups.map(group => [group, join(group.mount, group.parent, name ?? 'srcon-…')] as const)
  const calls = paths.flatMap(([group, path]) => [
    ...(name === undefined ? [...enabling(group), `mkdir(${path})`] : []),
    ...group.write.map(({ file, value }) => `write(${path}/${file}, "${value}")`),
    `write(${path}/cgroup.procs, "0")`,
  ])
  const undo = name === undefined ? paths.map(([, path]) => `afterwards, from outside: rmdir(${path})`) : []
  return { calls: [...calls, ...undo], classic: paths.map(([group, path]) => classic(group, path, name === undefined)).join('; ') }
}

/** v2 only: one order for each controller. */
function enabling({ version, mount, parent, controllers }: Group): string[] {
  return version === 1 ? [] : controllers.map(name => `write(${join(mount, parent, 'cgroup.subtree_control')}, "+${name}")`)
}

function classic({ write }: Group, path: string, made: boolean): string {
  return [`G=${path}`, ...(made ? ['mkdir $G'] : []), ...write.map(({ file, value }) => `echo ${value} > $G/${file}`), 'echo $$ > $G/cgroup.procs'].join('; ')
}

function join(...parts: readonly string[]): string {
  return parts.filter(part => part !== '').join('/')
}
