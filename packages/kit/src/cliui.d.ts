// The part of cliui that columns.ts uses; the package brings no declarations.
declare module 'cliui' {
  /** One cell: a text in a column of a width; padding is top, right, bottom, left. */
  export interface Cell {
    text: string
    width: number
    padding: number[]
  }
  export default function cliui(options: { width: number; wrap: boolean }): { div(...cells: Cell[]): void; toString(): string }
}
