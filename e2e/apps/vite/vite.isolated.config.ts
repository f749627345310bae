import { defineConfig, mergeConfig } from "vite";
import config from "./vite.config.ts";

const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default mergeConfig(config, defineConfig({ server: { headers }, preview: { headers } }));
