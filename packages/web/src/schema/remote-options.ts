/** What an app may say of remote nodes. */

import { any } from "valibot";
import { NODE_MODES } from "../protocol/remote.ts";
import { fields, listOf, maybe } from "./fields.ts";
import { callback, flag, integerFrom, numberFrom, oneOf, that, textOf } from "./values.ts";

const MAX_TIMER_MS = 2 ** 31 - 1;

const waitMs = maybe(numberFrom(1, MAX_TIMER_MS));

/** A host and a path, without user name, query and fragment. */
const SECURE_URL = /^https:\/\/[^\s/?#@\\]+(\/[^\s?#\\]*)?$/i;

/** What is sent to these hosts never leaves this machine. */
const OWN_URL = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?(\/[^\s?#\\]*)?$/i;

const isBaseUrl = (value: unknown): boolean =>
  typeof value === "string" && (SECURE_URL.test(value) || OWN_URL.test(value));

const MOST_CHARACTERS = 500;

const isSentence = (value: unknown): boolean =>
  typeof value === "string" && value.trim() !== "" && value.length <= MOST_CHARACTERS;

const name = that<string>(
  (value) => typeof value === "string" && /^\S.{0,99}$/.test(value),
  "a name of 1 to 100 characters",
);

export const remoteNodeOptions = fields({
  baseUrl: that<string>(
    isBaseUrl,
    "an https: address without user name, query and fragment (http: for this machine only)",
  ),
  model: textOf("the model's name on the server"),
  purpose: that<string>(
    isSentence,
    `a sentence of up to ${String(MOST_CHARACTERS)} characters that says why images leave the device`,
  ),
  name: maybe(name),
  server: maybe(oneOf(["openai", "vllm", "sglang", "llama.cpp", "ollama", "lm-studio"])),
  apiKey: maybe(callback),
  weight: maybe(numberFrom(Number.MIN_VALUE, 1e6)),
  maxConcurrent: maybe(integerFrom(1, 1000)),
  timeouts: maybe(fields({ answerMs: waitMs, firstTextMs: waitMs, stallMs: waitMs })),
  retries: maybe(integerFrom(0, 10)),
  maxSide: maybe(integerFrom(32, 4096)),
  logprobs: maybe(flag),
  healthPath: maybe(
    that<string>(
      (value) => typeof value === "string" && /^\/(?!\/)[^\s?#\\]*$/.test(value),
      "a path that begins with /",
    ),
  ),
});

export const remoteNodesOptions = fields({
  nodes: listOf(any(), "an array of nodes, made by `remoteNode`"),
  mode: oneOf(NODE_MODES),
  hedgeAfterMs: waitMs,
  checkEveryMs: maybe(numberFrom(0, MAX_TIMER_MS)),
});
