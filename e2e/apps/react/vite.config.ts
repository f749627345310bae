import { defineConfig } from "vite";
import react from "@vitejs/plugin-react";

export default defineConfig({
  plugins: [react()],
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
