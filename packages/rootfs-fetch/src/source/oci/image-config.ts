// The config of an image: what it was made for, what its layers unpack to, and what its command would run as.
import { isDigest, type Digest } from '../../digest.ts'
import type { ImageConfig } from '../kind.ts'
import { isObject, malformed, quoted, type Platform } from './descriptor.ts'
import { maxLayers, readJsonObject } from './manifest.ts'

/** Most bytes of a config. */
export const maxConfig = 8 << 20
/** Most variables, or words of a command. */
const maxWords = 10_000

export interface ImageDocument {
  /** Undefined where the config does not say. */
  readonly platform: Platform | undefined
  /** Digests of the tars, the lowest layer first. */
  readonly diffIds: readonly Digest[]
  readonly config: ImageConfig
  readonly created: string | undefined
}

/** Pure; throws a ToolError `E_IMAGE`. */
export function readImageConfig(bytes: Uint8Array, where: string): ImageDocument {
  const { architecture, os, variant, rootfs, config, created, history } = readJsonObject(bytes, where)
  const { type, diff_ids: list } = isObject(rootfs) ? rootfs : {}
  if (type !== 'layers') throw malformed(where, `rootfs.type is ${quoted(type)}`, 'it must be layers')
  // An image of no layers has none, or null.
  const diffIds: unknown = list ?? []
  if (!Array.isArray(diffIds) || diffIds.length > maxLayers) throw malformed(where, 'rootfs.diff_ids is no list of layers')
  const said = (diffIds as unknown[]).map((each, i) => {
    // The unpacker makes SHA-256 on its way, as all tools write it.
    if (isDigest(each) && each.startsWith('sha256:')) return each
    throw malformed(where, `diff_id ${i + 1}: ${quoted(each)} is no digest`, 'sha256 in lower case is known')
  })
  checkHistory(history, said.length, where)
  const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
  return {
    platform: text(os) !== undefined && text(architecture) !== undefined ? { os: String(os), architecture: String(architecture), variant: text(variant) } : undefined,
    diffIds: said, config: config === undefined || config === null ? {} : readRun(config, where), created: text(created),
  }
}

/** Steps that changed no file have no layer: `empty_layer` says so. The others are as many as there are layers, where they are told at all. */
function checkHistory(history: unknown, layers: number, where: string): void {
  if (!Array.isArray(history) || history.length === 0) return
  const full = (history as unknown[]).filter(step => !(isObject(step) && step['empty_layer'] === true)).length
  if (full > layers) throw malformed(where, `its history tells of ${full} layers, and there are ${layers}`)
}

function readRun(value: unknown, where: string): ImageConfig {
  if (!isObject(value)) throw malformed(where, 'config is no object')
  const words = (name: string): readonly string[] | undefined => {
    const list = value[name]
    if (list === undefined || list === null) return undefined
    const fits = Array.isArray(list) && list.length <= maxWords && list.every(each => typeof each === 'string' && !each.includes('\0'))
    if (!fits) throw malformed(where, `${name} is no list of words`)
    return list.length === 0 ? undefined : (list as string[])
  }
  const word = (name: string): string | undefined => {
    const text = value[name]
    if (text === undefined || text === null || text === '') return undefined
    if (typeof text !== 'string' || text.includes('\0')) throw malformed(where, `${name} is no text`)
    return text
  }
  const env = words('Env')
  const odd = env?.find(each => !/^[^=]+=/.test(each))
  if (odd !== undefined) throw malformed(where, `Env: ${quoted(odd)} is no NAME=VALUE`)
  const given = { env, entrypoint: words('Entrypoint'), cmd: words('Cmd'), user: word('User'), workdir: word('WorkingDir') }
  return Object.fromEntries(Object.entries(given).filter(([, each]) => each !== undefined)) as ImageConfig
}
