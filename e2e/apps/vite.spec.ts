/** Vite: its development server and its build, with and without cross-origin isolation, and below a path. */

import { EXHAUSTIVE_TAG } from "../../tools/exhaustive.ts";
import { expectCaption, test } from "./fixtures.ts";

test.use({ appName: "vite" });

const WAYS = [
  { name: "not isolated", config: "vite.config.ts", isIsolated: false },
  { name: "isolated", config: "vite.isolated.config.ts", isIsolated: true },
];

for (const { name, config, isIsolated } of WAYS) {
  test(
    `the development server of Vite, ${name}`,
    { tag: EXHAUSTIVE_TAG },
    async ({ page, start }) => {
      const origin = await start("vite", (port) => [
        "--config",
        config,
        "--port",
        `${port}`,
        "--strictPort",
      ]);
      await expectCaption(page, origin, { isIsolated });
    },
  );
}

test(
  "the build of Vite, isolated and not",
  { tag: EXHAUSTIVE_TAG },
  async ({ page, runScript, start, serve }) => {
    await runScript("build");
    const config = "vite.isolated.config.ts";
    const origin = await start("vite", (port) => [
      "preview",
      "--config",
      config,
      "--port",
      `${port}`,
    ]);
    await expectCaption(page, origin, { isIsolated: true });
    await expectCaption(page, (await serve("dist")).origin, { isIsolated: false });
  },
);

test(
  "the build of Vite below a path",
  { tag: EXHAUSTIVE_TAG },
  async ({ page, runScript, serve }) => {
    await runScript("build", "--base", "/gallery/", "--outDir", "gallery");
    const { origin } = await serve("gallery", { base: "/gallery/", isIsolated: true });
    await expectCaption(page, `${origin}/gallery/`, { isIsolated: true });
  },
);
