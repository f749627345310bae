import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { sharedConfig } from "../../vite.config.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  ...sharedConfig,
  root: here("."),
  base: "./",
  build: {
    ...sharedConfig.build,
    outDir: here("../../.cache/e2e/upgrade"),
    emptyOutDir: true,
    reportCompressedSize: false,
  },
});
