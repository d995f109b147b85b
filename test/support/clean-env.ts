// The environment as a user's shell would give it. tap puts a loader into NODE_OPTIONS and some thirty TAP variables
// into every child: a tool started inside a root would look for that loader there, and every time measured would include
// it. It does so behind child_process too, whatever `env` says (package process-on-spawn): so .taprc loads this module
// into every test, and the last listener there takes away what the first ones added.

/** Variables of the test runner and of npm. */
const ofRunner = /^(?:_?TAP|NODE_V8_COVERAGE$|npm_|INIT_CWD$)/
const loader = /"?--import=file:[^"\s]*\/@tapjs\/[^"\s]*"?/g

function clean(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const rest: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || ofRunner.test(name)) continue
    const kept = name === 'NODE_OPTIONS' ? value.replaceAll(loader, '').trim() : value
    if (kept !== '' || name !== 'NODE_OPTIONS') rest[name] = kept
  }
  return rest
}

/** `process.env` without the test runner, with changes on top; a change to undefined takes the variable away. */
export function cleanEnv(changes: Readonly<Record<string, string | undefined>> = {}): Record<string, string> {
  return clean({ ...process.env, NODE_EXTRA_CA_CERTS: undefined, ...changes })
}

interface Spawned {
  env: Record<string, string>
}
const hooks = (globalThis as Record<symbol, unknown>)[Symbol.for('process-on-spawn@*:singletonId')] as { listeners?: ((spawned: Spawned) => void)[] } | undefined
/** Only there under tap. */
hooks?.listeners?.push(spawned => {
  spawned.env = clean(spawned.env)
})
