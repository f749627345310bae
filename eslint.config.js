// The linter of single files. What files may import from each other is checked by tools/architecture,
// against the tables of ARCHITECTURE.md.

import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import noUnsanitized from "eslint-plugin-no-unsanitized";
import tseslint from "typescript-eslint";

export default defineConfig(
  globalIgnores([
    "**/dist/",
    "**/node_modules/",
    ".cache/",
    "packages/tiny/src/files.ts",
    "packages/tiny/src/smolvlm/files.ts",
  ]),
  js.configs.recommended,
  // What a model writes is shown as text. No file may turn a string into HTML.
  noUnsanitized.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        project: [
          "./packages/web/tsconfig.{pure,wire,worker,page,test}.json",
          "./packages/tiny/tsconfig.json",
          "./packages/onnx/tsconfig*.json",
          "./packages/ops/tsconfig*.json",
          "./packages/serve/tsconfig*.json",
          "./packages/check/tsconfig*.json",
          "./tsconfig.tools.json",
        ],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // Indices into typed arrays are checked by their loops; `!` is the shortest honest way to say so.
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unnecessary-condition": [
        "error",
        { allowConstantLoopConditions: true },
      ],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // Index signatures are written with brackets: `noPropertyAccessFromIndexSignature` in spirit.
      "@typescript-eslint/dot-notation": "off",
      "@typescript-eslint/prefer-promise-reject-errors": ["error", { allowThrowingUnknown: true }],
      "@typescript-eslint/only-throw-error": [
        "error",
        { allowThrowingUnknown: true, allowThrowingAny: true },
      ],
    },
  },
  {
    files: ["**/*.js", "**/*.mjs"],
    languageOptions: {
      globals: { process: "readonly", console: "readonly", Buffer: "readonly", URL: "readonly" },
    },
  },
  {
    // Apps of other people, whose packages are not here: nothing that needs their types.
    files: ["e2e/apps/*/**/*.{ts,tsx,js}", "e2e/consumer/*.ts"],
    extends: [tseslint.configs.strict, tseslint.configs.disableTypeChecked],
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-require-imports": "off",
      "@typescript-eslint/no-empty-function": "off",
      "@typescript-eslint/no-extraneous-class": "off",
      "no-undef": "off",
    },
  },
);
