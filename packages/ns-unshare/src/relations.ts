// What only an ioctl tells of a namespace: its owner and its parent. See ioctl_nsfs(2).
import { loadAddon } from '@srcon/kit/addon'
import type { NsType } from './inodes.ts'

export interface Relations {
  /** Inode of the user namespace that owns it. */
  readonly userNamespace?: number | undefined
  /** Inode of the parent, of user and pid namespaces. */
  readonly parent?: number | undefined
  /** As seen from here. */
  readonly ownerUid?: number | undefined
}

let addon: { relations(path: string): Relations | null } | undefined

/** Empty where the namespace may not be opened. */
export function relationsOf(pid: number | 'self', type: NsType): Relations {
  addon ??= loadAddon<{ relations(path: string): Relations | null }>('ns-unshare', import.meta.url)
  return addon.relations(`/proc/${pid}/ns/${type}`) ?? {}
}
