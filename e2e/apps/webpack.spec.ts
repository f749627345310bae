/** webpack 5. */

import { EXHAUSTIVE_TAG } from "../../tools/exhaustive.ts";
import { expectCaption, test } from "./fixtures.ts";

test.use({ appName: "webpack" });

test("the build of webpack", { tag: EXHAUSTIVE_TAG }, async ({ page, runScript, serve }) => {
  test.setTimeout(300_000);
  await runScript("build");
  const { origin } = await serve("dist", { isIsolated: true });
  await expectCaption(page, origin, { isIsolated: true });
});

test(
  "the build of webpack on another origin, with a worker that is no module",
  { tag: EXHAUSTIVE_TAG },
  async ({ page, runScript, serve }) => {
    test.setTimeout(300_000);
    const assets = await serve("dist", { isIsolated: true });
    await runScript("build", "--output-public-path", `${assets.origin}/`);
    for (const isIsolated of [true, false]) {
      const { origin } = await serve("dist", { isIsolated });
      await expectCaption(page, origin, { isIsolated, assets: assets.origin });
    }
  },
);
