/** React in StrictMode, and the hook that docs/build/react.md shows. */

import { EXHAUSTIVE_TAG } from "../../tools/exhaustive.ts";
import {
  captionScene,
  chooseScene,
  countWorkers,
  expect,
  expectCaption,
  test,
} from "./fixtures.ts";

test.use({ appName: "react" });

test(
  "React in StrictMode, in development and built",
  { tag: EXHAUSTIVE_TAG },
  async ({ page, runScript, serve, start }) => {
    const origin = await start("vite", (port) => ["--port", `${port}`, "--strictPort"]);
    await expectCaption(page, origin, { isIsolated: false });

    await runScript("build");
    const server = await serve("dist", { isIsolated: true });
    await expectCaption(page, server.origin, { isIsolated: true });
    await test.step("the hook ends its worker, and shows the last picture only", async () => {
      const workers = await countWorkers(page);
      await page.getByRole("button", { name: "Close" }).click();
      await expect.poll(() => countWorkers(page), { timeout: 20_000 }).toBe(0);
      // A client that is given up while it loads leaves no worker either.
      for (const name of ["Open", "Close", "Open"])
        await page.getByRole("button", { name }).click();
      await captionScene(page, 1);
      await chooseScene(page, 1);
      await captionScene(page, 0);
      expect(await countWorkers(page)).toBe(workers);
      await expect(page.getByRole("alert")).toHaveCount(0);
    });
  },
);
