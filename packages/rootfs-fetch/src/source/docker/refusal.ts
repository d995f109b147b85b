// What a registry says when it says no: the status, and `errors` in the body.
import { ToolError } from '@srcon/kit/error'
import { collect } from '../../download/client.ts'
import { shown } from '../../download/failure.ts'
import type { Reply } from '../../download/request.ts'
import { escapeControl } from '../../escape.ts'
import { tool } from '../../native.ts'

/** Most bytes of a body that are read for a message. */
const LIMIT = 16 << 10

/** An error `E_AUTH`, `E_NOT_FOUND` or `E_DOWNLOAD`. `known`: credentials were sent. */
export async function refusalOf(reply: Reply, what: string, known: boolean): Promise<ToolError> {
  const { status, url } = reply
  const said = await saidBy(reply)
  const why = `${url.host} answered ${status}${said === undefined ? '' : `: ${said}`}`
  if (status === 401 || status === 403) {
    const hint = known ? 'the name and password that were sent do not do: log in again (docker login, podman login, skopeo login)' : 'log in (docker login, podman login, skopeo login); of an image that is not there many registries say the same'
    return new ToolError(tool, what, { code: 'E_AUTH', path: shown(url), why, hint })
  }
  if (status === 404 || status === 410) return new ToolError(tool, what, { code: 'E_NOT_FOUND', path: shown(url), why, hint: 'rootfs-fetch list docker://NAME names its tags' })
  return new ToolError(tool, what, { code: 'E_DOWNLOAD', path: shown(url), why, hint: 'try again later' })
}

async function saidBy(reply: Reply): Promise<string | undefined> {
  try {
    const { errors } = JSON.parse((await collect(reply.body, reply.url, LIMIT)).toString()) as { errors?: unknown }
    const [first] = Array.isArray(errors) ? (errors as unknown[]) : []
    const { code, message } = (typeof first === 'object' && first !== null ? first : {}) as Readonly<Record<string, unknown>>
    const words = [code, message].filter((word): word is string => typeof word === 'string' && word !== '')
    return words.length === 0 ? undefined : escapeControl(words.join(', ').slice(0, 200))
  } catch {
    return undefined
  }
}
