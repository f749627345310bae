import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";
import { EXHAUSTIVE_FILES, isExhaustive } from "./tools/exhaustive.ts";

/** Node does not know the condition `module`, and cannot load every file that is meant for bundlers only. */
const nodeConditions = defaultServerConditions.filter((condition) => condition !== "module");

export default defineConfig({
  resolve: { conditions: ["@fastvlm-kit/source"] },
  ssr: { resolve: { conditions: ["@fastvlm-kit/source", ...nodeConditions] } },
  test: {
    include: ["packages", "tools", "bench", "examples"].map((folder) => `${folder}/**/*.test.ts`),
    exclude: ["**/node_modules/**", "**/dist/**", ...(isExhaustive ? [] : [EXHAUSTIVE_FILES])],
    environment: "node",
    setupFiles: "tools/vitest-setup.ts",
    // No test measures speed. These are for a machine that does much else.
    expect: { poll: { timeout: 20_000 } },
    testTimeout: 180_000,
    // Where tests share a model, a hook loads it.
    hookTimeout: 180_000,
    // Vitest leaves one core to itself. Many tests wait for servers and timers, so that all cores pay.
    maxWorkers: "100%",
  },
});
