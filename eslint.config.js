// The one linter. Besides type-checked rules it holds the arrows between the rooms of packages/web:
// the table below is the architecture, and an import against it is an error.

import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

/** Which rooms of packages/web/src each room may import. */
const ARROWS = {
  protocol: [],
  schema: ["protocol"],
  metrics: ["protocol"],
  image: ["protocol"],
  engines: ["protocol"],
  "engines/ort": ["protocol", "engines", "generation"],
  generation: ["protocol", "engines"],
  catalog: ["protocol", "schema"],
  wire: ["protocol", "image"],
  shared: [],
  storage: ["protocol", "schema", "wire"],
  download: ["protocol", "schema", "shared", "storage", "wire"],
  inference: [
    "protocol",
    "schema",
    "shared",
    "metrics",
    "image",
    "engines",
    "engines/ort",
    "generation",
    "wire",
    "storage",
    "download",
  ],
  host: [
    "protocol",
    "metrics",
    "wire",
    "storage",
    "download",
    "inference",
    "engines",
    "engines/ort",
  ],
  compare: ["protocol", "schema", "image", "engines", "engines/ort", "generation", "inference"],
  api: ["protocol", "image"],
  sources: ["protocol", "schema", "shared", "image", "wire", "api"],
  serving: ["protocol", "schema", "shared", "metrics", "wire", "sources"],
  watch: ["protocol", "schema", "shared", "image", "api"],
  library: ["protocol", "schema", "shared", "metrics", "wire", "api", "serving", "client"],
  pins: ["protocol", "schema"],
  client: [
    "protocol",
    "schema",
    "shared",
    "metrics",
    "image",
    "wire",
    "api",
    "sources",
    "serving",
    "watch",
  ],
};

/** Libraries that only these rooms may name: replacing one touches one room. */
const LIBRARY_ROOMS = {
  "onnxruntime-web": ["engines/ort"],
  "\\#onnxruntime": ["engines/ort"], // Patterns are those of .gitignore, where # begins a comment.
  "@huggingface/jinja": ["inference"],
  "@huggingface/tokenizers": ["inference"],
  "@huggingface/transformers": [], // the reference of tests, bench and training only
  "idb-keyval": ["storage"],
  "hash-wasm": ["storage"],
  "p-retry": ["download"],
  valibot: ["schema"],
  comlink: ["serving", "host"],
};

const rooms = Object.keys(ARROWS);

const arrowRules = rooms.map((room) => {
  const closedRooms = rooms.filter((other) => other !== room && !ARROWS[room].includes(other));
  const closedLibraries = Object.keys(LIBRARY_ROOMS).filter(
    (name) => !LIBRARY_ROOMS[name].includes(room),
  );
  return {
    files: [`packages/web/src/${room}/**/*.ts`],
    ignores: ["**/*.test.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              group: closedRooms.flatMap((other) => [`../${other}/*`, `../../${other}/*`]),
              message: `${room}/ must not know this room; see ARCHITECTURE.md.`,
            },
            {
              group: closedLibraries.flatMap((name) => [name, `${name}/*`]),
              message: `${room}/ must not name this library; see ARCHITECTURE.md.`,
            },
          ],
        },
      ],
    },
  };
});

export default defineConfig(
  globalIgnores([
    "**/dist/",
    "**/node_modules/",
    ".cache/",
    "packages/tiny/src/files.ts",
    "e2e/consumer/",
  ]),
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        project: [
          "./packages/web/tsconfig.{pure,wire,worker,page,test}.json",
          "./packages/tiny/tsconfig.json",
          "./packages/onnx/tsconfig*.json",
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
  ...arrowRules,
  {
    files: ["**/*.js", "**/*.mjs"],
    languageOptions: {
      globals: { process: "readonly", console: "readonly", Buffer: "readonly", URL: "readonly" },
    },
  },
);
