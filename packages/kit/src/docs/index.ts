// Everything that is generated from the option tables and the step schemas; scripts/docs.mjs writes it into the tree.
export { bashCompletion } from './bash.ts'
export { fishCompletion } from './fish.ts'
export { manPage } from './man.ts'
export { planReference, planSchema, stepsOf, type Definition, type Definitions, type Part } from './plan.ts'
export { between, optionTables } from './readme.ts'
export { aboutRow, forms, longForm, pagesOf, synopsis, type Row, type ToolPages, type VerbPage } from './rows.ts'
export { zshCompletion } from './zsh.ts'
