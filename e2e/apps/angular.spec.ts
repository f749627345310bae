/** Angular with the prebuilt worker. */

import { EXHAUSTIVE_TAG } from "../../tools/exhaustive.ts";
import { expectCaption, test } from "./fixtures.ts";

test.use({ appName: "angular" });

test("the build of Angular", { tag: EXHAUSTIVE_TAG }, async ({ page, runScript, serve }) => {
  test.setTimeout(300_000);
  await runScript("build");
  const { origin } = await serve("dist/angular-app/browser", { isIsolated: true });
  await expectCaption(page, origin, { isIsolated: true });
});
