// The types that openpgp's declarations import from a package that it does not depend on.
declare module '@openpgp/web-stream-tools' {
  export type WebStream<T extends Uint8Array | string> = ReadableStream<T>
  export type NodeWebStream<T extends Uint8Array | string> = ReadableStream<T>
}
