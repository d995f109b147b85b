// Whose signature counts for Debian. The keys come from Debian's package debian-archive-keyring, as apt and the bootstrap tools have
// them; of the keys that were taken out of use only those count that are pinned here, and only for suites whose support has ended.
import { existsSync } from 'node:fs'
import { ToolError } from '@srcon/kit/error'
import { tool } from '../../native.ts'
import type { Trust } from '../../openpgp.ts'

/** Primary keys of the archive and of the releases, from 6 (squeeze) to 13 (trixie): of debian-archive-keyring 2025.1. */
const fingerprints = [
  '04B54C3CDCA79751B16BC6B5225629DF75B188BD', '41587F7DB8C774BCCF131416762F67A0B2C39DE4', 'B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8', '4D64FEC119C2029067D6E791F8D2585B8783D481',
  '1F89983E0081FDE018F3CC9673A4F27B8DD47936', 'A4285295FC7B1A81600062A9605C66F00D6C9793', '80D15823B7FD1561F9F7BCDDDC30D7C23CBBABEE', '6D33866EDD8FFA41C0143AEDDCC9EFBF77E11517',
  'E1CF20DDFFE4B89E802658F1E0B11894F66AEC98', '067E3C456BAE240ACEE88F6FEF0F382A1A7B6500', '126C0D24BD8A2942CC7DF8AC7638D0442B90D010', '75DDC3C4A499F1A18CB5F3C8CBF8D6FD518E17E1',
  'A1BD8E9D78F7FE5C3E65D8AF8B48AD6246925553', 'ED6D65271AACF0FF15D123036FB2A1C265FFB764', '9FED2BCBDCD29CDF762678CBAED4B06F473041FA', '0E4EDE2C7F3E1FC0D033800E64481591B98321F9',
] as const

const [fingerprint, ...others] = fingerprints
export const publisher = { name: 'Debian', fingerprint, others }

const folder = '/usr/share/keyrings'
const living = `${folder}/debian-archive-keyring.gpg`
const removed = `${folder}/debian-archive-removed-keys.gpg`

/** Undefined: there is no key, and the caller does without (`insecure`). Throws a ToolError `E_SIGNATURE`. */
export function trustOf({ key, insecure }: { readonly key?: string | undefined; readonly insecure?: boolean | undefined }, ended: boolean): Trust | undefined {
  if (key !== undefined) return { keyFile: key, publisher, pastEol: ended }
  const files = [living, ...(ended ? [removed] : [])].filter(existsSync)
  // What the distribution installs today is trusted as apt trusts it; an old key is one of these or none.
  if (files.length > 0) return { keyFile: files, publisher, pinnedOnly: ended, pastEol: ended }
  if (insecure) return undefined
  throw new ToolError(tool, 'there is no key to check Debian\'s signature with', {
    code: 'E_SIGNATURE', path: living, why: `neither --key nor ${living}`, hint: 'apt-get install debian-archive-keyring, or name the key with --key FILE',
  })
}
