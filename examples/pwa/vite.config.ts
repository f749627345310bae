import { statSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { VitePWA } from "vite-plugin-pwa";
import { sharedConfig } from "../../vite.config.ts";
import { webAppManifest } from "./web-app-manifest.ts";

/** What the runtime for a device weighs: the app says so before anybody waits for it. */
function sizeOfRuntime(file: string): number {
  return statSync(createRequire(import.meta.url).resolve(`onnxruntime-web/${file}`)).size;
}

export default defineConfig({
  ...sharedConfig,
  define: {
    __RUNTIME_BYTES__: JSON.stringify({
      wasm: sizeOfRuntime("ort-wasm-simd-threaded.wasm"),
      jspi: sizeOfRuntime("ort-wasm-simd-threaded.jspi.wasm"),
      asyncify: sizeOfRuntime("ort-wasm-simd-threaded.asyncify.wasm"),
    }),
  },
  root: fileURLToPath(new URL(".", import.meta.url)),
  // The app works in any folder of a site: all its addresses are relative.
  base: "./",
  build: {
    ...sharedConfig.build,
    outDir: fileURLToPath(new URL("../../.cache/pwa", import.meta.url)),
    emptyOutDir: true,
    reportCompressedSize: false,
  },
  plugins: [
    VitePWA({
      strategies: "injectManifest",
      srcDir: ".",
      filename: "service-worker.ts",
      manifest: webAppManifest,
      // The page registers it by itself: an injected script would be inline, which its policy forbids.
      injectRegister: false,
      // The pattern below finds them already.
      includeManifestIcons: false,
      injectManifest: {
        // Firefox runs no service workers that are modules.
        rollupFormat: "iife",
        // The shell. A model's files are .onnx and .json, and the runtime's largest are .wasm: none
        // of these can get in, whatever the bundler calls them.
        globPatterns: ["**/*.{html,js,css,svg,png}"],
        maximumFileSizeToCacheInBytes: 2_000_000,
      },
    }),
  ],
});
