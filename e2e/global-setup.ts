/** Builds what the tests open: the test pages, the examples, the demo and the installable app. */

import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default async function globalSetup(): Promise<void> {
  await build({ configFile: here("harness/vite.config.ts"), logLevel: "warn" });
  await build({
    configFile: here("../vite.config.ts"),
    base: "./",
    logLevel: "warn",
    build: { outDir: here("../.cache/e2e/demo"), emptyOutDir: true },
  });
  await build({
    configFile: here("../examples/vite.config.ts"),
    logLevel: "warn",
    build: { outDir: here("../.cache/e2e/examples"), emptyOutDir: true },
  });
  await build({
    configFile: here("../examples/pwa/vite.config.ts"),
    logLevel: "warn",
    build: { outDir: here("../.cache/e2e/pwa"), emptyOutDir: true },
  });
}
