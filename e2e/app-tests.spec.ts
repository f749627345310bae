/**
 * The fakes of `@fastvlm-kit/web/testing` in the test runners of apps: the packages are packed and installed into a fresh app
 * with Vitest and Jest, whose tests are in `app-tests/`.
 */

import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "@playwright/test";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { buildPackages, packPackages } from "../tools/pack.ts";

const TEMPLATE = fileURLToPath(new URL("app-tests/", import.meta.url));

test(`an app's tests pass in Vitest and Jest, with Node and jsdom ${EXHAUSTIVE_TAG}`, async () => {
  test.setTimeout(600_000);
  if (!(await buildPackages())) throw new Error("The build failed.");
  const app = mkdtempSync(join(tmpdir(), "fastvlm-app-tests-"));
  // Npm, Playwright and Vite tell their children about themselves.
  const env = Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD$|NODE_)/.test(name));
  const run = async (command: string, ...args: string[]): Promise<string> => {
    const { stdout, stderr } = await promisify(execFile)(command, args, {
      cwd: app,
      // Playwright asks its children for colours, which would stand between the words.
      env: {
        ...Object.fromEntries(env),
        FORCE_COLOR: "0",
        NODE_OPTIONS: "--experimental-vm-modules",
      },
      timeout: 240_000,
    });
    return stdout + stderr;
  };
  try {
    cpSync(TEMPLATE, app, { recursive: true });
    packPackages(join(app, "packed"));
    await run("npm", "install");
    // Five cases in each of two environments, and one about an element.
    expect(await run("npx", "--no-install", "vitest", "run", "--no-color")).toMatch(
      /Tests\s+11 passed/,
    );
    expect(await run("npx", "--no-install", "jest", "--no-color")).toMatch(/Tests:\s+10 passed/);
  } finally {
    rmSync(app, { recursive: true, force: true });
  }
});
