// A tool of the smallest size, as someone who follows CONTRIBUTING.md would add it: `proc-attr --umask 027 -- sh`.
// Each file of each list is here once: its text, or what is changed in it.

/** By path: the text of a new file, or the change of one that is there. */
export type Change = Readonly<Record<string, string | ((text: string) => string)>>

/** Puts text after the first match, and fails where there is none: then a list no longer fits the tree. */
function after(mark: string | RegExp, text: string): (file: string) => string {
  return file => {
    const found = typeof mark === 'string' ? mark : mark.exec(file)?.[0]
    if (found === undefined || !file.includes(found)) throw new Error(`${String(mark)} is not there`)
    return file.replace(found, () => found + text)
  }
}

const inOrder =
  (...changes: readonly ((text: string) => string)[]) =>
  (text: string): string =>
    changes.reduce((so, change) => change(so), text)

const stepRust = (type: string, name: string, field: string, act: string) => `//! \`${name}\`.

use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Failure, Launch, Step};

/// See the plan's reference.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ${type} {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    ${field}: u8,
}

impl Step for ${type} {
    fn name(&self) -> &'static str {
        "${name}"
    }

    fn act(&self, _launch: &mut dyn Launch) -> Result<(), Failure> {
        ${act}
        Ok(())
    }
}
`

const stepSchema = (name: string, title: string, field: string) => ({
  title,
  type: 'object',
  properties: { do: { const: name }, [field]: { type: 'integer', minimum: 0, maximum: 255 } },
  required: ['do', field],
  additionalProperties: false,
  examples: [{ do: name, [field]: 18 }],
})

const base = 'packages/proc-attr'

/** "Add a tool", with the step `attr.mask`. */
export const newTool: Change = {
  [`${base}/package.json`]: JSON.stringify({
    name: '@srcon/proc-attr',
    version: '0.1.0',
    license: 'Apache-2.0',
    type: 'module',
    engines: { node: '>=20.19' },
    bin: { 'proc-attr': 'dist/bin/proc-attr.mjs' },
    exports: { '.': { '@srcon/source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' }, './package.json': './package.json' },
    srcon: { protocol: 1, link: './dist/bin/link.mjs' },
    dependencies: { '@srcon/kit': '^0.1.0' },
  }),
  [`${base}/tsconfig.json`]: JSON.stringify({
    extends: '../../tsconfig.base.json',
    compilerOptions: { rootDir: 'src', outDir: 'dist', tsBuildInfoFile: 'dist/.tsbuildinfo' },
    include: ['src'],
    references: [{ path: '../kit' }],
  }),
  [`${base}/README.md`]: '# proc-attr\n\n<!-- options:begin -->\n<!-- options:end -->\n',
  [`${base}/plan.schema.json`]: JSON.stringify({ $defs: { 'attr.mask': stepSchema('attr.mask', 'Set the file mode creation mask', 'mask') } }),
  [`${base}/src/options.ts`]: `// What proc-attr accepts.
import type { ScannedLink, ToolTable } from '@srcon/kit/table'

export const table: ToolTable = {
  name: 'proc-attr',
  about: 'Attributes of a process',
  verbs: {
    '': {
      about: 'Run a command with other attributes',
      command: 'optional',
      positionals: [],
      options: {
        mask: { takes: 'value', meta: 'MODE', about: 'file mode creation mask, octal' },
      },
    },
  },
}

export interface Options {
  readonly mask?: number
}

export function read({ given }: ScannedLink): Options {
  const value = (name: string): string | undefined => given.findLast(each => each.name === name)?.value.toString()
  const mask = value('mask')
  return {
    ...(mask === undefined ? {} : { mask: Number.parseInt(mask, 8) }),
  }
}
`,
  [`${base}/src/facts.ts`]: `// A mask depends on nothing of the host.
export type Facts = Readonly<Record<string, never>>
export const readFacts = (): Facts => ({})
`,
  [`${base}/src/config.ts`]: `// OCI has a field of its own for the mask.
import type { OciConfig } from '@srcon/kit/config'
import type { Options } from './options.ts'

interface User {
  readonly umask?: number
}

export function configure(config: OciConfig, options: Options): OciConfig {
  const user = {
    ...config.process?.user,
    ...(options.mask === undefined ? {} : { umask: options.mask }),
  }
  return { ...config, process: { ...config.process, user } }
}

export function fromConfig(config: OciConfig): Options | undefined {
  const user = config.process?.user as User | undefined
  return user?.umask === undefined ? undefined : { mask: user.umask }
}
`,
  [`${base}/src/steps.ts`]: `// From options to steps. Pure.
import type { Step } from '@srcon/kit/step'
import type { Options } from './options.ts'

export function steps(options: Options): readonly Step[] {
  return [
    ...(options.mask === undefined ? [] : [{ do: 'attr.mask', mask: options.mask }]),
  ]
}
`,
  [`${base}/src/words.ts`]: `// The steps in words, for --dry-run. Pure.
import type { Step, StepWords } from '@srcon/kit/step'

const octal = (value: unknown): string => Number(value).toString(8).padStart(4, '0')

export function words(step: Step): StepWords {
  if (step.do === 'attr.mask') return { calls: [\`umask(\${octal(step['mask'])})\`], classic: \`umask \${octal(step['mask'])}\` }
  return { calls: [] }
}
`,
  [`${base}/src/explain.ts`]: `// umask(2) always succeeds.
import type { Explanation, Failure } from '@srcon/kit/link'

export const explain = (_failure: Failure): Explanation | undefined => undefined
`,
  [`${base}/src/link.ts`]: `// proc-attr as other tools fold it.
import type { ToolLink } from '@srcon/kit/link'
import { configure, fromConfig } from './config.ts'
import { explain } from './explain.ts'
import { readFacts, type Facts } from './facts.ts'
import { read, table, type Options } from './options.ts'
import { steps } from './steps.ts'
import { words } from './words.ts'

export const link: ToolLink<Options, Facts> = { protocol: 1, table, owns: ['attr'], read, facts: readFacts, steps, configure, fromConfig, explain, words }
`,
  [`${base}/src/cli.ts`]: `#!/usr/bin/env node
import { main } from '@srcon/kit/cli'
import { link } from './link.ts'

await main(link)
`,
  [`${base}/src/index.ts`]: `// Attributes as a library.
export { steps as attributes } from './steps.ts'
export type { Options } from './options.ts'
`,
  [`${base}/core/Cargo.toml`]: `[package]
name = "proc-attr-core"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true

[dependencies]
libc.workspace = true
serde.workspace = true
srcon-step.workspace = true

[lints]
workspace = true
`,
  [`${base}/core/src/lib.rs`]: `//! The steps of proc-attr.

mod mask;

pub use mask::Mask;

use srcon_step::{Kind, kind};

/// The steps that this core knows.
pub const KINDS: &[Kind] = &[
    kind::<Mask>("attr.mask"),
];
`,
  [`${base}/core/src/mask.rs`]: stepRust('Mask', 'attr.mask', 'mask', '// SAFETY: umask takes a number and cannot fail.\n        unsafe { libc::umask(self.mask.into()) };'),
  [`${base}/test/steps.test.ts`]: `import t from 'tap'
import { steps } from '../src/steps.ts'

t.strictSame(steps({ mask: 0o27 }), [{ do: 'attr.mask', mask: 0o27 }])
`,
  'Cargo.toml': after('[workspace.dependencies]\n', 'proc-attr-core = { path = "packages/proc-attr/core" }\n'),
  'packages/launcher/Cargo.toml': after('[dependencies]\n', 'proc-attr-core.workspace = true\n'),
  'packages/launcher/src/kinds.rs': after(/&\[&\[Kind\]\] = &\[\n/, '    proc_attr_core::KINDS,\n'),
  'tsconfig.build.json': after('"references": [', '{ "path": "packages/proc-attr" },'),
  'test/tsconfig.json': after('"references": [', '{ "path": "../packages/proc-attr" },'),
}

/** "Add a step": `attr.nice`, made by an option of the same name. */
export const newStep: Change = {
  [`${base}/core/src/nice.rs`]: stepRust(
    'Nice',
    'attr.nice',
    'value',
    '// SAFETY: setpriority takes numbers; 0 is the calling process.\n        if unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, self.value.into()) } < 0 {\n            return Err(Failure::wrong("setpriority"));\n        }',
  ),
  [`${base}/core/src/lib.rs`]: inOrder(after('mod mask;\n', 'mod nice;\n'), after('pub use mask::Mask;\n', 'pub use nice::Nice;\n'), after('&[Kind] = &[\n', '    kind::<Nice>("attr.nice"),\n')),
  [`${base}/plan.schema.json`]: after('"$defs":{', `"attr.nice":${JSON.stringify(stepSchema('attr.nice', 'Set the nice value', 'value'))},`),
  [`${base}/src/steps.ts`]: after('return [\n', "    ...(options.nice === undefined ? [] : [{ do: 'attr.nice', value: options.nice }]),\n"),
  [`${base}/src/words.ts`]: after('StepWords {\n', "  if (step.do === 'attr.nice') return { calls: [`setpriority(PRIO_PROCESS, 0, ${Number(step['value'])})`], classic: `nice -n ${Number(step['value'])}` }\n"),
  [`${base}/test/steps.test.ts`]: after("steps.ts'\n", "\nt.strictSame(steps({ nice: 5 }), [{ do: 'attr.nice', value: 5 }])\n"),
}

/** "Add an option": `--nice`, which makes that step. */
export const newOption: Change = {
  [`${base}/src/options.ts`]: inOrder(
    after('options: {\n', "        nice: { takes: 'value', short: 'N', meta: 'VALUE', about: 'how much the command yields to others, 0 to 19' },\n"),
    after('export interface Options {\n', '  readonly nice?: number\n'),
    after(/const mask = .*\n/, "  const nice = value('nice')\n"),
    after('  return {\n', '    ...(nice === undefined ? {} : { nice: Number(nice) }),\n'),
  ),
  // The step's list has already put it where steps are made.
  [`${base}/src/steps.ts`]: text => text,
  [`${base}/src/config.ts`]: inOrder(
    text => text.replace("import type { OciConfig } from '@srcon/kit/config'", "import { annotate, type OciConfig } from '@srcon/kit/config'"),
    text => text.replace('return { ...config, process: { ...config.process, user } }', "const told = { ...config, process: { ...config.process, user } }\n  return options.nice === undefined ? told : annotate(told, 'proc-attr', 'nice', options.nice)"),
  ),
  [`${base}/test/steps.test.ts`]: after("steps.ts'\n", '// The option itself is seen in the help and in the man page.\n'),
}
