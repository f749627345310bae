/** The shape of a model's descriptor. Names that are not known are refused: a misspelt `sha256` would check nothing. */

import { MODEL_FAMILIES } from "../protocol/model-descriptor.ts";
import { fields, entriesOf, listOf, maybe } from "./fields.ts";
import { isByteCount, isCacheName, isSafePath, isSha256 } from "./manifest-fields.ts";
import { selfCheck } from "./self-check.ts";
import { flag, integerFrom, listThat, oneOf, textOf, that } from "./values.ts";

/** What an error says of a path that is none; {@link readManifest} knows it by this. */
export const UNSAFE_PATH = "named by a path below the model's folder";

const name = that<string>(
  isCacheName,
  "a name, which is not empty and has no whitespace, no control characters and no part of dots only",
);

const byteCount = that<number>(isByteCount, "a positive integer");

const SHA256 = "a SHA-256 of 64 lower-case hex digits";

const file = fields({
  url: textOf("an address"),
  bytes: byteCount,
  isApproximate: maybe(flag),
  sha256: maybe(that<string>(isSha256, SHA256)),
  shards: maybe(
    fields({
      bytes: byteCount,
      sha256: listThat<string>(isSha256, `a list, each item of it ${SHA256}`),
    }),
  ),
});

const path = textOf("the path of a file");
const paths = maybe(listOf(path, "a list of paths"));

export const variant = fields({
  id: name,
  device: oneOf(["webgpu", "wasm"]),
  requires: maybe(listOf(oneOf(["shader-f16"]), "a list of GPU features")),
  graphs: fields({ vision: path, embed: path, decoder: path }),
  externalData: maybe(fields({ vision: paths, embed: paths, decoder: paths })),
});

const preset = fields({
  prompt: textOf("a question"),
  maxNewTokens: integerFrom(1, 8192),
});

const text = that<string>((value) => typeof value === "string", "a string");

const asked = maybe(
  that<string>(
    (value) => typeof value === "string" && value.includes("{question}"),
    "a text with {question} in it",
  ),
);

export const modelDescriptor = fields({
  id: name,
  family: maybe(oneOf(MODEL_FAMILIES)),
  revision: name,
  source: maybe(fields({ endpoint: text, repository: text, revision: text })),
  license: fields({ id: text, summary: text, url: maybe(text), isAccepted: flag }),
  files: entriesOf(isSafePath, UNSAFE_PATH, file),
  variants: listOf(variant, "a list of sets of files"),
  imageSize: integerFrom(1, Number.MAX_SAFE_INTEGER),
  tileSize: maybe(integerFrom(1, Number.MAX_SAFE_INTEGER)),
  captions: fields({ brief: preset, detailed: preset, "alt-text": preset }),
  choices: maybe(fields({ choose: asked, check: asked, score: asked })),
  chat: maybe(fields({ defaultSystem: maybe(text) })),
  // Which side its image may have is known when its family is.
  selfCheck: maybe(selfCheck()),
  cohort: maybe(textOf("the name of a choice")),
});
