// The steps in words, for --dry-run: what the kernel is asked, and the command of util-linux that does the
// same. `R` is the root being prepared. Pure.
import { textOf as text, type Bytes, type Step, type StepWords } from '@srcon/kit/step'

const list = (value: unknown): readonly string[] => (value ?? []) as readonly string[]
const attributes = (names: readonly string[]): string => names.map(name => `MOUNT_ATTR_${name === 'ro' ? 'RDONLY' : name.toUpperCase()}`).join('|') || '0'
const inRoot = (path: string): string => `openat2(R, "${path}", RESOLVE_IN_ROOT)`
const comma = (words: readonly string[]): string => (words.length === 0 ? '' : ` -o ${words.join(',')}`)
const setting = (names: readonly string[], recursive: boolean): string[] => (names.length === 0 ? [] : [`mount_setattr(tree, AT_EMPTY_PATH${recursive ? '|AT_RECURSIVE' : ''}, ${attributes(names)})`])

const inWords: Readonly<Record<string, (step: Step) => StepWords>> = {
  'fs.own-mounts': () => ({ calls: ['unshare(CLONE_NEWNS), unless the plan has done so'], classic: 'unshare --mount' }),
  'fs.private': ({ propagation = 'private' }) => ({ calls: [`mount(NULL, "/", MS_REC|MS_${text(propagation).toUpperCase()})`], classic: `mount --make-r${text(propagation)} /` }),
  'fs.open': ({ tree, path, recursive }) => ({ calls: [`${text(tree)} = open_tree("${text(path)}", OPEN_TREE_CLONE${recursive ? '|AT_RECURSIVE' : ''})`] }),
  'fs.hold': ({ path }) => ({ calls: [`open("${text(path)}"), flock(LOCK_SH), the keeper holds it`], classic: `flock --shared ${text(path)} …` }),
  'fs.overlay': ({ tree, path, size }) => ({
    calls: [path === undefined ? `fsopen("tmpfs")${size === undefined ? '' : `, size=${text(size)}`}` : `open("${text(path)}", O_PATH)`, 'mkdirat(upper), mkdirat(work)', `${text(tree)} = fsopen("overlay"), lowerdir=${text(tree)}, upperdir=upper, workdir=work`],
    classic: `mount -t overlay -o lowerdir=ROOT,upperdir=${path === undefined ? 'TMPFS' : text(path)}/upper,workdir=${path === undefined ? 'TMPFS' : text(path)}/work overlay R`,
  }),
  'fs.attach': ({ tree, recursiveAttributes }) => ({ calls: [...setting(list(recursiveAttributes), true), `move_mount(${text(tree)}, "/")`], classic: 'mount --rbind ROOT R' }),
  'fs.mount': mountWords,
  'fs.bind': bindWords,
  'fs.device': ({ path, major, minor }) => ({ calls: [`open("${text(path)}", O_PATH), a device ${String(major)}:${String(minor)}`, 'open_tree(OPEN_TREE_CLONE)', inRoot(text(path)), 'move_mount(tree, target)'], classic: `touch R${text(path)}; mount --bind ${text(path)} R${text(path)}` }),
  'fs.directory': ({ path }) => ({ calls: [`mkdirat(R, "${text(path)}")`], classic: `mkdir -p R${text(path)}` }),
  'fs.symlink': ({ path, to }) => ({ calls: [`symlinkat("${text(to)}", R, "${text(path)}")`], classic: `ln -s ${text(to)} R${text(path)}` }),
  'fs.mask': ({ path }) => ({ calls: [inRoot(text(path)), 'move_mount(/dev/null or an empty tmpfs, target)'], classic: `mount --bind /dev/null R${text(path)}` }),
  'fs.read-only': readOnlyWords,
  'fs.pivot': () => ({ calls: ['fchdir(R)', 'pivot_root(".", ".")', 'mount(NULL, ".", MS_REC|MS_SLAVE)', 'umount2(".", MNT_DETACH)', 'chdir("/")'], classic: 'cd R; pivot_root . .; umount -l .; cd /' }),
  'fs.chroot': ({ path }) => ({ calls: [path === undefined ? 'fchdir(R)' : `chdir("${text(path)}")`, 'chroot(".")', 'chdir("/")'], classic: `chroot ${path === undefined ? 'R' : text(path)}` }),
}

// `--workdir` is a step of the launcher's own.
const cwd = ({ path }: Step): StepWords => ({ calls: [`chdir("${text(path)}")`], classic: `cd ${text(path)}` })

export function words(step: Step): StepWords {
  if (step.do === 'run.cwd') return cwd(step)
  return inWords[step.do]?.(step) ?? { calls: [step.do] }
}

function mountWords({ type, target, options, attributes: own }: Step): StepWords {
  const settings = Object.entries((options ?? {}) as Record<string, Bytes | true>)
  const config = settings.map(([name, value]) => (value === true ? `fsconfig("${name}")` : `fsconfig("${name}", "${text(value)}")`))
  const settingWords = settings.map(([name, value]) => (value === true ? name : `${name}=${text(value)}`))
  return {
    calls: [inRoot(text(target)), `fsopen("${text(type)}")`, ...config, `fsmount(${attributes(list(own))})`, 'move_mount(mount, target)'],
    classic: `mount -t ${text(type)}${comma([...list(own), ...settingWords])} ${text(type)} R${text(target)}`,
  }
}

function bindWords({ tree, target, attributes: own, recursiveAttributes, propagation }: Step): StepWords {
  const all = list(recursiveAttributes)
  const passing = propagation === undefined ? [] : [`mount_setattr(tree, AT_RECURSIVE, propagation MS_${text(propagation).toUpperCase()})`]
  return {
    calls: [...passing, ...setting(all, true), ...setting(list(own), false), inRoot(text(target)), `move_mount(${text(tree)}, target)`],
    classic: `mount --bind${comma([...list(own), ...all])} SOURCE R${text(target)}`,
  }
}

function readOnlyWords({ path, recursive }: Step): StepWords {
  const target = text(path ?? '')
  return { calls: [...(target === '' ? [] : [inRoot(target)]), `mount_setattr(${target === '' ? 'R' : 'target'}, AT_EMPTY_PATH${recursive ? '|AT_RECURSIVE' : ''}, MOUNT_ATTR_RDONLY)`], classic: `mount -o remount,bind,ro R${target}` }
}
