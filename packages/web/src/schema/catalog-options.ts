/** What an app may say of the models that the kit knows, of their pins, and of the choice between models. */

import { any } from "valibot";
import type { ImageSides } from "../protocol/image-sides.ts";
import { sideOf } from "./detail.ts";
import { entriesOf, fields, listOf, maybe } from "./fields.ts";
import { SMOLVLM_SIZES } from "./manifest-public-files.ts";
import { isByteCount, isCommit, isSafePath, isSha256 } from "./manifest-fields.ts";
import { isRevisionName } from "./model-source.ts";
import { selfCheck } from "./self-check.ts";
import { callback, listThat, numberFrom, oneOf, signal, textOf, that } from "./values.ts";

const address = maybe(that<string>((value) => typeof value === "string", "an address"));

/** Somebody may have added to the JSON; only what is known here is taken from it. */
const pins = fields(
  {
    repository: textOf("`owner/name`"),
    revision: that<string>(isCommit, "a commit of 40 hex digits"),
    files: entriesOf(
      isSafePath,
      "named by a path in the repository",
      fields(
        {
          bytes: that<number>(isByteCount, "a size in bytes"),
          sha256: that<string>(isSha256, "a SHA-256 of 64 lower-case hex digits"),
        },
        "dropped",
      ),
    ),
  },
  "dropped",
);

/** @param sides that images can have */
const hubEntries = (sides: ImageSides) => ({
  revision: maybe(textOf("a branch, a tag or a commit")),
  pins: maybe(pins),
  endpoint: address,
  baseUrl: address,
  imageSize: maybe(sideOf(sides)),
  selfCheck: maybe(selfCheck(sides)),
});

/** @param sides that images can have */
export const fastVlm05bOptions = (sides: ImageSides) =>
  fields({
    // Whatever else stands here accepts nothing: the model stays closed, and says so when it is loaded.
    acceptLicense: maybe(that<"apple-amlr">(() => true, "apple-amlr")),
    ...hubEntries(sides),
  });

/** @param sides that images can have */
export const smolVlmOptions = (sides: ImageSides) =>
  fields({
    size: maybe(oneOf(SMOLVLM_SIZES)),
    version: maybe(that<1 | 2>((value) => value === 1 || value === 2, "1 or 2")),
    ...hubEntries(sides),
  });

export const choice = fields({
  key: textOf("a string that is not empty"),
  choices: listOf(
    fields({
      name: textOf("a string that is not empty"),
      model: any(),
      share: numberFrom(0, Number.MAX_SAFE_INTEGER),
    }),
    "a list with at least one model",
  ),
});

export const pinnedRevision = fields({
  repository: that<string>(isRepository, "`owner/name`"),
  revision: that<string>(
    (value) => typeof value === "string" && isRevisionName(value),
    "a branch, a tag or a commit",
  ),
});

export const pinModelOptions = fields({
  endpoint: address,
  files: maybe(listThat<string>(isSafePath, "paths in the repository", 1)),
  fetch: maybe(callback),
  signal: maybe(signal),
});

function isRepository(value: unknown): boolean {
  return isSafePath(value) && value.split("/").length === 2;
}
