/** Next: its server, and its export as static files. */

import { renameSync } from "node:fs";
import { join } from "node:path";
import { EXHAUSTIVE_TAG } from "../../tools/exhaustive.ts";
import { expectCaption, test } from "./fixtures.ts";

test.use({ appName: "next" });

test("Next, built and started", { tag: EXHAUSTIVE_TAG }, async ({ page, runScript, start }) => {
  test.setTimeout(300_000);
  await runScript("build");
  const origin = await start("next", (port) => ["start", "--port", `${port}`]);
  await expectCaption(page, origin, { isIsolated: true });
});

test(
  "Next, exported as static files",
  { tag: EXHAUSTIVE_TAG },
  async ({ app, page, runScript, serve }) => {
    test.setTimeout(300_000);
    renameSync(join(app.folder, "next.config.export.ts"), join(app.folder, "next.config.ts"));
    await runScript("build");
    await expectCaption(page, (await serve("out")).origin, { isIsolated: false });
  },
);
