/** A strict Content-Security-Policy, in a file of headers as static hosts read it, with and without Trusted Types. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EXHAUSTIVE_TAG } from "../../tools/exhaustive.ts";
import { expect, expectCaption, test } from "./fixtures.ts";

test.use({ appName: "csp" });

test(
  "a strict policy, with and without Trusted Types",
  { tag: EXHAUSTIVE_TAG },
  async ({ app, page, runScript, serve }) => {
    await runScript("build");
    const headers = readFileSync(join(app.folder, "dist/_headers"), "utf8");
    const policy = /Content-Security-Policy: (.*)/.exec(headers)![1]!;
    const withoutTrustedTypes = policy.replace(/; require-trusted-types-for .*/, "");
    expect(withoutTrustedTypes).not.toContain("trusted");

    const server = await serve("dist", { isIsolated: true });
    for (const sent of [policy, withoutTrustedTypes]) {
      server.policy = sent;
      await expectCaption(page, server.origin, { isIsolated: true });
      // The policy is in force.
      await expect(page.evaluate(() => fetch("data:,"))).rejects.toThrow("Failed to fetch");
    }
  },
);
