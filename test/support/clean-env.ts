// The environment as a user's shell would give it. tap puts a loader into NODE_OPTIONS and some thirty TAP variables
// into every child: a tool started inside a root would look for that loader there, and every time measured would include it.

/** Variables of the test runner. */
const ofRunner = /^(?:TAP|NODE_OPTIONS$|NODE_EXTRA_CA_CERTS$|_TAPJS_|npm_|NODE_V8_COVERAGE$)/

/** `process.env` without the test runner, with changes on top; a change to undefined takes the variable away. */
export function cleanEnv(changes: Readonly<Record<string, string | undefined>> = {}): Record<string, string> {
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries({ ...process.env, ...changes })) {
    if (value === undefined || (ofRunner.test(name) && !(name in changes))) continue
    env[name] = value
  }
  return env
}
