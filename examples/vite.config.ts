/** Builds and serves the five small examples, and the dashboard. The two apps beside them have builds of their own. */

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { sharedConfig } from "../vite.config.ts";

const NAMES = ["01-caption", "02-ask", "03-open", "04-watch", "05-offline", "dashboard"];

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  ...sharedConfig,
  root: here("."),
  base: "./",
  build: {
    ...sharedConfig.build,
    outDir: here("../.cache/examples"),
    emptyOutDir: true,
    reportCompressedSize: false,
    rolldownOptions: { input: NAMES.map((name) => here(`${name}/index.html`)) },
  },
});
