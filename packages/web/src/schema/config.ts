/**
 * What a configuration may say. Each section has the schemas of the options that follow from it, so that ranges stand
 * in one place.
 */

import { any, pipe, rawCheck, type IssuePathItem, type ObjectEntries } from "valibot";
import {
  cache,
  captionEntries,
  generationEntries,
  priority,
  timeoutMs,
  viewEntries,
  watchEntries,
} from "./call-options.ts";
import { debug, inferenceEntries, network } from "./client-options.ts";
import { fields, maybe } from "./fields.ts";
import { imageLimits } from "./image-limits.ts";
import { isObject } from "./is-object.ts";
import { cacheOptions, downloadOptions } from "./storage-options.ts";

const callEntries = { ...generationEntries, ...viewEntries, timeoutMs, cache, priority };

/** Which settings of calls a method takes. It refuses the others. */
export const settingNames = {
  generate: namesOf(callEntries),
  caption: namesOf({ ...callEntries, ...captionEntries }),
  choose: namesOf({ ...viewEntries, timeoutMs, cache, priority }),
  watch: namesOf({ ...generationEntries, ...viewEntries, ...captionEntries, timeoutMs, priority }),
  open: namesOf({ ...viewEntries, timeoutMs, priority }),
  "image.ask": namesOf({ ...generationEntries, timeoutMs, cache, priority }),
  "image.caption": namesOf({
    ...generationEntries,
    ...captionEntries,
    timeoutMs,
    cache,
    priority,
  }),
} as const;

/** JSON writes `null` for a number that is not finite, and reads something else than what was written. */
const jsonNumbers = rawCheck<object>(({ dataset, addIssue }) => {
  if (!dataset.typed) return;
  for (const { path, value } of listNumbers(dataset.value, [])) {
    if (Number.isFinite(value)) continue;
    addIssue({ message: "a number that JSON can hold", input: value, path: path as never });
  }
});

export const vlmConfig = pipe(
  fields({
    inference: maybe(fields(inferenceEntries)),
    calls: maybe(fields({ ...callEntries, ...captionEntries })),
    watch: maybe(fields(watchEntries)),
    images: maybe(imageLimits),
    cache: maybe(cacheOptions),
    download: maybe(downloadOptions),
    network,
    debug,
    // The package for operators has a schema of its own for it.
    monitoring: maybe(any()),
  }),
  jsonNumbers,
);

function namesOf(entries: ObjectEntries): readonly string[] {
  return Object.keys(entries);
}

interface FoundNumber {
  readonly path: readonly IssuePathItem[];
  readonly value: number;
}

function listNumbers(value: unknown, path: readonly IssuePathItem[]): readonly FoundNumber[] {
  if (typeof value === "number") return [{ path, value }];
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const item = { type: "object", origin: "value", input: value, key, value: inner } as const;
    return key === "monitoring" && path.length === 0 ? [] : listNumbers(inner, [...path, item]);
  });
}
