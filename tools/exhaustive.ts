/**
 * How much the tests try. `npm test` runs one of each kind; `npm run test:all` runs every case, which
 * takes too long for each change.
 */

const VARIABLE = "FASTVLM_TEST_ALL";

/** Whether this process was started by `npm run test:all`. */
export const isExhaustive: boolean = process.env[VARIABLE] === "1";

/** The environment that makes child processes run every case. */
export const EXHAUSTIVE_ENV: Readonly<Record<string, string>> = { [VARIABLE]: "1" };

/** Playwright's tag, in the title options, of a test that only `npm run test:all` runs. */
export const EXHAUSTIVE_TAG = "@exhaustive";

/** The files of Vitest that only `npm run test:all` runs. */
export const EXHAUSTIVE_FILES = "**/*.exhaustive.test.ts";
