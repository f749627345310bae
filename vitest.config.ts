import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["@fastvlm-kit/source"] },
  test: {
    include: ["packages", "tools", "bench", "examples"].map((folder) => `${folder}/**/*.test.ts`),
    exclude: ["**/node_modules/**", "**/dist/**"],
    environment: "node",
    testTimeout: 60_000,
  },
});
