/** An import map and the prebuilt worker, without a bundler. */

import { EXHAUSTIVE_TAG } from "../../tools/exhaustive.ts";
import { expectCaption, test } from "./fixtures.ts";

test.use({ appName: "import-map" });

test("a page with an import map", { tag: EXHAUSTIVE_TAG }, async ({ page, runScript, serve }) => {
  test.setTimeout(300_000);
  await runScript("build");
  const { origin } = await serve("public", { isIsolated: true });
  await expectCaption(page, origin, { isIsolated: true });
});
