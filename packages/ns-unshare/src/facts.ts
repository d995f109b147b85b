// Who the caller is and which ids it may hand out: what maps rest on. The only file beside explain.ts
// and the verbs that looks at the host. See subuid(5).
import { gidMap, selfStatus, uidMap } from '@srcon/kit/host'
import { hasMapHelpers, readSubIds, type SubIds } from '@srcon/kit/subids'
import type { IdMap } from './request.ts'

export { helperPath, subIds, type SubIds } from '@srcon/kit/subids'

export interface NamespaceFacts {
  readonly uid: number
  readonly gid: number
  /** Effective capabilities; bit N is capability N. */
  readonly capabilities: bigint
  /** The caller's first block in /etc/subuid. */
  readonly subuid: SubIds | undefined
  readonly subgid: SubIds | undefined
  /** Whether newuidmap(1) and newgidmap(1) are installed. */
  readonly helpers: boolean
  /** Ids that the caller itself can see. */
  readonly uidMap: readonly IdMap[]
  readonly gidMap: readonly IdMap[]
}

/** Looks at the host. */
export function readFacts(): NamespaceFacts {
  const { uid, gid, capabilities } = selfStatus()
  return {
    uid: uid.effective,
    gid: gid.effective,
    capabilities: capabilities.effective,
    ...readSubIds(uid.real),
    helpers: hasMapHelpers(),
    uidMap: uidMap(),
    gidMap: gidMap(),
  }
}
