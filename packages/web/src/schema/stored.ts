/**
 * What this kit stored itself. Nothing of it is believed: an older or newer kit may have written it, and a user may
 * have changed it. Fields with other names are left out.
 */

import { fields, listOf, maybe } from "./fields.ts";
import { flag, integerFrom, listThat, numberFrom, oneOf, textOf, that } from "./values.ts";

const count = integerFrom(0, Number.MAX_SAFE_INTEGER);
const positive = integerFrom(1, Number.MAX_SAFE_INTEGER);
const time = numberFrom(0, Number.MAX_SAFE_INTEGER);
const share = numberFrom(0, 1);
const quantity = numberFrom(0, Number.MAX_VALUE);
const text = that<string>((value) => typeof value === "string", "a text");
const hash = textOf("a hash");
const sha256 = maybe(
  that<string>((value) => typeof value === "string" && /^[0-9a-f]+$/.test(value), "hex digits"),
);

const shapeEntries = { bytes: count, shardBytes: positive };

/** How a file is cut, whole or not. */
export const fileShape = fields(shapeEntries, "dropped");

export const filePlan = fields({ ...shapeEntries, etag: maybe(text), sha256 }, "dropped");

const shards = listThat<string>((one) => typeof one === "string" && one !== "", "hashes");

export const fileTrust = fields({ ...shapeEntries, shards }, "dropped");

export const fileRecord = fields(
  { ...shapeEntries, shards, sha256, origin: maybe(text) },
  "dropped",
);

export const modelRecord = fields(
  {
    id: text,
    revision: text,
    license: text,
    storedAt: time,
    usedAt: time,
  },
  "dropped",
);

/** Where the bytes of a shard are in a private file. */
export const shardPlace = fields({ at: count, bytes: count }, "dropped");

/** One line of a journal: a record that was written, or the keys of records that were deleted. */
export const journalLine = fields(
  {
    version: count,
    key: maybe(text),
    value: maybe(that<unknown>(() => true, "anything")),
    deleted: maybe(listThat<string>((one) => typeof one === "string", "keys")),
  },
  "dropped",
);

/** The scripts that an offline visit needs. */
export const codeRecord = fields(
  { urls: listThat<string>((one) => typeof one === "string", "addresses"), storedAt: time },
  "dropped",
);

/** Which pixels a file holds. */
export const knownImage = fields(
  {
    key: hash,
    tileKeys: maybe(listThat<string>((one) => typeof one === "string" && one !== "", "hashes")),
    width: positive,
    height: positive,
    size: positive,
    fullSize: maybe(fields({ width: positive, height: positive }, "dropped")),
    isTruncated: maybe(that<true>((value) => value === true, "true")),
    hint: maybe(oneOf(["transparent", "nearly-uniform"])),
  },
  "dropped",
);

/** What the encoder made of an image. How many numbers a token has, the model knows. */
export const imageFeatures = fields(
  {
    tokens: positive,
    values: that<Float32Array<ArrayBuffer>>((value) => value instanceof Float32Array, "floats"),
  },
  "dropped",
);

/** What an entry of a cache takes, and when it was last used. There are thousands, so that one look is enough. */
export const cacheEntry = that<{ readonly bytes: number; readonly usedAt: number }>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    isNumber((value as { bytes?: unknown }).bytes) &&
    isNumber((value as { usedAt?: unknown }).usedAt),
  "an entry",
);

function isNumber(value: unknown): boolean {
  return Number.isFinite(value) && (value as number) >= 0;
}

function isShare(value: unknown): boolean {
  return isNumber(value) && (value as number) <= 1;
}

const imageInfo = fields(
  { width: positive, height: positive, size: positive, tokens: positive },
  "dropped",
);

export const cachedResult = fields(
  {
    text,
    finishReason: oneOf(["stop", "length", "stop-string", "max-words"]),
    tokens: fields({ image: count, prompt: count, reused: count, output: count }, "dropped"),
    // Answers of kits that did not weigh them are asked for again.
    confidence: fields({ mean: share, least: share, firstTokenEntropy: quantity }, "dropped"),
    probabilities: maybe(listThat<number>((one) => isShare(one), "shares")),
    images: listOf(imageInfo, "images"),
  },
  "dropped",
);

const form = oneOf(["plain", "rewritten", "captured"]);

/** How fast threads were, each time that it was measured. */
export const threadTiming = fields(
  {
    threads: positive,
    speeds: listOf(quantity, "speeds"),
    circumstances: text,
    measuredAt: time,
  },
  "dropped",
);

/** What the first load of a model found out on this device. */
export const checkVerdict = fields(
  {
    form,
    refused: listOf(
      fields(
        {
          form,
          likeness: maybe(that<number>((value) => typeof value === "number", "a number")),
        },
        "dropped",
      ),
      "forms",
    ),
    isSettled: flag,
    circumstances: text,
  },
  "dropped",
);
