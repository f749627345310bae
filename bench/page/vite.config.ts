import { defineConfig } from "vite";
import { repositoryPath } from "../../tools/run.ts";
import { sharedConfig } from "../../vite.config.ts";

const page = (name: string): string => repositoryPath(`bench/page/${name}`);

export default defineConfig({
  ...sharedConfig,
  root: page(""),
  base: "./",
  build: {
    ...sharedConfig.build,
    outDir: repositoryPath(".cache/bench/pages"),
    emptyOutDir: true,
    reportCompressedSize: false,
    chunkSizeWarningLimit: Infinity,
    rolldownOptions: { input: { kit: page("kit.html"), transformers: page("transformers.html") } },
  },
});
