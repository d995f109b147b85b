// What a registry says when it says no: the status, and `errors` in the body.
import { ToolError } from '@srcon/kit/error'
import { collect } from '../../download/client.ts'
import { shown } from '../../download/failure.ts'
import type { Reply } from '../../download/request.ts'
import { escapeControl } from '../../escape.ts'
import { tool } from '../../native.ts'

/** Most bytes of a body that are read for a message. */
const LIMIT = 16 << 10

/** An error `E_AUTH`, `E_NOT_FOUND` or `E_DOWNLOAD`. `known`: credentials were sent; `secrets`: not to be shown where the server repeats them. */
export async function refusalOf(reply: Reply, what: string, known: boolean, secrets: readonly string[]): Promise<ToolError> {
  const { status, url } = reply
  const said = await saidBy(reply, secrets)
  const why = `${url.host} answered ${status}${said === undefined ? '' : `: ${said}`}`
  if (status === 401 || status === 403) {
    const hint = known ? 'the name and password that were sent do not do: log in again (docker login, podman login, skopeo login)' : 'log in (docker login, podman login, skopeo login); of an image that is not there many registries say the same'
    return new ToolError(tool, what, { code: 'E_AUTH', path: shown(url), why, hint })
  }
  if (status === 404 || status === 410) return new ToolError(tool, what, { code: 'E_NOT_FOUND', path: shown(url), why, hint: 'rootfs-fetch list docker://NAME names its tags' })
  return new ToolError(tool, what, { code: 'E_DOWNLOAD', path: shown(url), why, hint: 'try again later' })
}

/** A client that is asked to come back too often is not told so by `refusalOf`: the request is repeated before. In words, what then remains. */
export function refusedTooOften({ code, path, why, cause }: ToolError, what: string, known: boolean, hub: boolean): ToolError {
  const login = known ? '' : 'log in (docker login, podman login, skopeo login), '
  const hint = hub ? `Docker Hub counts pulls by address and by name: ${login}wait, or take a mirror of it (--mirror, SRCON_DOCKER_MIRROR)` : `${login}wait, or take a mirror (--mirror)`
  return new ToolError(tool, `${what}: the registry was asked too often`, { code, path, why, cause, hint })
}

async function saidBy(reply: Reply, secrets: readonly string[]): Promise<string | undefined> {
  try {
    const { errors } = JSON.parse((await collect(reply.body, reply.url, LIMIT)).toString()) as { errors?: unknown }
    const [first] = Array.isArray(errors) ? (errors as unknown[]) : []
    const { code, message } = (typeof first === 'object' && first !== null ? first : {}) as Readonly<Record<string, unknown>>
    const words = [code, message].filter((word): word is string => typeof word === 'string' && word !== '')
    return words.length === 0 ? undefined : escapeControl(secrets.reduce((text, secret) => text.replaceAll(secret, '***'), words.join(', ')).slice(0, 200))
  } catch {
    return undefined
  }
}
