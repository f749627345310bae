/** Builds and serves the examples and the test pages from the packages' sources. */

import { fileURLToPath } from "node:url";
import { defaultClientConditions, defineConfig, type Plugin, type UserConfig } from "vite";
import { withoutRequire } from "./tools/onnxruntime.ts";

/** Cross-origin isolation: shared memory, and with it threads in WASM. */
export const ISOLATION_HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** As in the package: see there. */
const onnxruntime: Plugin = {
  name: "onnxruntime-without-require",
  transform: {
    filter: { id: /onnxruntime-web\/dist\/ort\.(wasm|jspi|webgpu)\.bundle\.min\.mjs/ },
    handler: (code) => ({ code: withoutRequire(code), map: null }),
  },
};

/** What every page of this repository needs; an app outside it needs only `worker` and `optimizeDeps`. */
export const sharedConfig: UserConfig = {
  resolve: { conditions: ["@fastvlm-kit/source", ...defaultClientConditions] },
  // The worker loads onnxruntime-web's build for its device as a chunk of its own.
  worker: { format: "es", plugins: () => [onnxruntime] },
  // Pre-bundling would move scripts away from the files that they address relative to themselves.
  optimizeDeps: {
    exclude: [
      "@fastvlm-kit/web",
      "@fastvlm-kit/tiny",
      "@fastvlm-kit/onnx",
      "@fastvlm-kit/ops",
      "@huggingface/tokenizers",
      "onnxruntime-web",
      // Modules already: finding them while the worker loads would make Vite reload the page.
      "cockatiel",
      "comlink",
      "idb-keyval",
      "hash-wasm",
      "p-retry",
      "valibot",
    ],
  },
  build: { target: "es2023" },
  server: { headers: ISOLATION_HEADERS },
  preview: { headers: ISOLATION_HEADERS },
};

export default defineConfig({
  ...sharedConfig,
  root: fileURLToPath(new URL("examples/demo", import.meta.url)),
});
