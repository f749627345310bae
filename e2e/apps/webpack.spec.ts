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
