/** What code blocks may take from the app around them. Keep it short: a block that declares a name itself explains more. */

/** The types of names that a block may use without declaring them. A block's own declaration of a name wins. */
export const SURROUNDING_NAMES: Readonly<Record<string, string>> = {
  vlm: 'import("@fastvlm-kit/web").Vlm',
  model: 'import("@fastvlm-kit/web").ModelDescriptor',
  show: '(event: import("@fastvlm-kit/web").GenerateEvent) => void',
  file: "File",
  worker: "() => Worker",
  output: "HTMLOutputElement",
  signal: "AbortSignal",
  userId: "string",
};

const PINS = {
  repository: "owner/name",
  revision: "0".repeat(40),
  files: { "config.json": { bytes: 1, sha256: "0".repeat(64) } },
};

/** The files that a block may import from the folder of its page, as the kit's commands write them. */
export const SURROUNDING_FILES: Readonly<Record<string, unknown>> = {
  "pins.json": PINS,
  "next-pins.json": PINS,
  "self-check.json": {
    prompt: "Describe this image.",
    expectedTokenIds: [1],
    features: [0.5],
    featureStride: 1,
    imageSize: 256,
    minCosine: 0.99,
  },
};
