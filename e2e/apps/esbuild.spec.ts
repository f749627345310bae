/** esbuild with the prebuilt worker. */

import { expectCaption, test } from "./fixtures.ts";

test.use({ appName: "esbuild" });

test("the build of esbuild", async ({ page, runScript, serve }) => {
  test.setTimeout(300_000);
  await runScript("build");
  const { origin } = await serve("dist", { isIsolated: true });
  await expectCaption(page, origin, { isIsolated: true });
});
