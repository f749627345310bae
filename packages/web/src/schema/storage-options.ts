/** What an app may say of caching and of downloads. */

import { fields, maybe } from "./fields.ts";
import { flag, integerFrom, numberFrom, oneOf, textOf } from "./values.ts";

const amount = maybe(numberFrom(0, Number.MAX_SAFE_INTEGER));

export const cacheOptions = fields({
  storage: maybe(oneOf(["indexed-db", "memory"])),
  name: maybe(textOf("a name")),
  maxResultBytes: amount,
  maxResultAgeMs: amount,
  maxFeatureBytes: amount,
  maxModelBytes: amount,
  maxModelAgeMs: amount,
  askToPersist: maybe(flag),
});

export const downloadOptions = fields({
  parallel: maybe(integerFrom(1, 16)),
  retries: maybe(integerFrom(0, 100)),
  retryDelayMs: maybe(numberFrom(0, 60_000)),
  stallTimeoutMs: maybe(numberFrom(1, 600_000)),
  // Holders say that they live once a second.
  takeOverAfterMs: maybe(numberFrom(2000, 600_000)),
});
