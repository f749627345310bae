import { defineConfig } from "vite";

export default defineConfig({
  worker: { format: "es" },
  // These packages find files by addresses relative to their scripts, and load others in the worker.
  optimizeDeps: {
    exclude: [
      "@fastvlm-kit/web",
      "@fastvlm-kit/tiny",
      "@fastvlm-kit/onnx",
      "@huggingface/tokenizers",
      "cockatiel",
      "comlink",
      "idb-keyval",
      "hash-wasm",
      "p-retry",
      "valibot",
    ],
  },
});
