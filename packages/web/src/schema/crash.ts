/** What the page stored about steps in which a page may end, and about pages that ended there. */

import { fields, listOf } from "./fields.ts";
import { integerFrom, oneOf, textOf } from "./values.ts";

const stepEntries = {
  model: textOf("a model's id"),
  device: oneOf(["webgpu", "wasm"]),
  variant: textOf("a variant's id"),
  step: textOf("a step"),
  browser: textOf("a user agent"),
};

export const riskyStep = fields(stepEntries, "dropped");

const count = integerFrom(1, Number.MAX_SAFE_INTEGER);

export const crashRecords = listOf(
  fields({ ...stepEntries, count, at: count }, "dropped"),
  "crashes",
);
