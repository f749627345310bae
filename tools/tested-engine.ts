/**
 * Which browser engine runs the browser tests. It is Chromium, except in `npm run test:browsers`, which runs what Firefox and
 * WebKit can run of the same files.
 */

const VARIABLE = "FASTVLM_TEST_ENGINE";

export type OtherEngine = "firefox" | "webkit";

/** Undefined means Chromium. */
export const otherEngine = process.env[VARIABLE] as OtherEngine | undefined;

/** The environment in which child processes test another engine. */
export const engineEnv = (engine: OtherEngine): Readonly<Record<string, string>> => ({
  [VARIABLE]: engine,
});

/** Playwright's tag of a test that only Chromium runs. Its annotation says why. */
export const CHROMIUM_TAG = "@chromium";
