/** An extension of Manifest V3: its pages are isolated, and have the policy of extensions. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXHAUSTIVE_TAG } from "../../tools/exhaustive.ts";
import { expectCaption, test } from "./fixtures.ts";

test.use({ appName: "extension" });

test(
  "an extension of Manifest V3",
  { tag: EXHAUSTIVE_TAG },
  async ({ app, launchOptions, playwright, runScript }) => {
    await runScript("build");
    const dist = join(app.folder, "dist");
    const profile = mkdtempSync(join(tmpdir(), "fastvlm-profile-"));
    const context = await playwright.chromium.launchPersistentContext(profile, {
      ...launchOptions,
      ignoreDefaultArgs: ["--disable-extensions"],
      args: [
        ...(launchOptions.args ?? []),
        `--disable-extensions-except=${dist}`,
        `--load-extension=${dist}`,
      ],
    });
    const [running] = context.serviceWorkers();
    const background = running ?? (await context.waitForEvent("serviceworker"));
    const { href } = new URL("index.html", background.url());
    await expectCaption(await context.newPage(), href, { isIsolated: true });
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  },
);
