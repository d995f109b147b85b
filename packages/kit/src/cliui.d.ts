// The part of cliui that columns.ts uses; the package brings no declarations.
declare module 'cliui' {
  export default function cliui(options: { width: number; wrap: boolean }): { div(text: string): void; toString(): string }
}
