/** A page whose scripts, worker, runtimes and model are on another origin. */

import { EXHAUSTIVE_TAG } from "../../tools/exhaustive.ts";
import { expect, expectCaption, test } from "./fixtures.ts";

test.use({ appName: "cdn" });

test("assets on another origin", { tag: EXHAUSTIVE_TAG }, async ({ page, runScript, serve }) => {
  const assets = await serve("dist", { isIsolated: true });
  await runScript("build", "--base", `${assets.origin}/`);
  for (const isIsolated of [true, false]) {
    const pages = await serve("dist", { isIsolated });
    await expectCaption(page, pages.origin, { isIsolated, assets: assets.origin });
    // All of the page's own origin is the page.
    const paths = pages.requests.filter((path) => path !== "/favicon.ico");
    expect(paths).toEqual(["/"]);
  }
});
