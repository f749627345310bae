/** SvelteKit with its adapter for static files. */

import { EXHAUSTIVE_TAG } from "../../tools/exhaustive.ts";
import { expectCaption, test } from "./fixtures.ts";

test.use({ appName: "sveltekit" });

test("the build of SvelteKit", { tag: EXHAUSTIVE_TAG }, async ({ page, runScript, serve }) => {
  await runScript("build");
  const { origin } = await serve("build", { isIsolated: true });
  await expectCaption(page, origin, { isIsolated: true });
});
