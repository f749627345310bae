/** Parcel with the prebuilt worker. */

import { EXHAUSTIVE_TAG } from "../../tools/exhaustive.ts";
import { expectCaption, test } from "./fixtures.ts";

test.use({ appName: "parcel" });

test("the build of Parcel", { tag: EXHAUSTIVE_TAG }, async ({ page, runScript, serve }) => {
  test.setTimeout(300_000);
  await runScript("build");
  const { origin } = await serve("dist", { isIsolated: true });
  await expectCaption(page, origin, { isIsolated: true });
});
