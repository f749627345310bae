/** How an attempt to fetch bytes can end other than with all of them. */

import { VlmError, type VlmErrorDetails } from "../protocol/errors.ts";
import type { ModelFile } from "../protocol/model-descriptor.ts";

/**
 * - `transient`: the same request may well succeed later;
 * - `permanent`: it will not;
 * - `changed`: the server has another file now than the one that began to arrive.
 */
export type InterruptionKind = "transient" | "permanent" | "changed";

/** Thrown inside this room. `failure` is what the app gets when nothing more is tried. */
export class Interruption extends Error {
  override readonly name = "Interruption";
  readonly kind: InterruptionKind;
  readonly failure: VlmError<"download-failed">;
  /** What the server asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(kind: InterruptionKind, failure: VlmError<"download-failed">, retryAfterMs?: number) {
    super(failure.message);
    this.kind = kind;
    this.failure = failure;
    this.retryAfterMs = retryAfterMs;
  }
}

type Reason = VlmErrorDetails["download-failed"]["reason"];

/** What is asked for. */
export interface Wanted extends Pick<ModelFile, "url"> {
  /** The sentence's beginning in errors, where "The download of x" would not do. */
  readonly title?: string;
}

/** @param what the sentence's end: "The download of x …" */
export function downloadFailed(
  file: Wanted,
  reason: Reason,
  what: string,
  { status, cause }: { status?: number; cause?: unknown } = {},
): VlmError<"download-failed"> {
  // Bundlers put small files into the address itself.
  const url = file.url.startsWith("data:") ? "data:" : file.url.replace(/[?#].*$/, "");
  const { title = `The download of ${url.split("/").at(-1) ?? url}` } = file;
  return new VlmError(
    "download-failed",
    `${title} ${what}. ${ADVICE[reason]}`,
    { url, reason, ...(status !== undefined && { status }) },
    cause === undefined ? undefined : { cause },
  );
}

const TRY_AGAIN =
  "Check the connection and the model's address, then try again: it goes on from what arrived.";

const ADVICE: Readonly<Record<Reason, string>> = {
  network: TRY_AGAIN,
  offline: "Connect to the network, then try again: it goes on from what arrived.",
  "http-status": TRY_AGAIN,
  "content-type": "Check the model's address, and whether the network asks to sign in.",
  length: "Check the model's address and its manifest.",
  integrity:
    "Nothing of it is used. Pin the revision that you mean, or delete the stored model to trust the server's file anew.",
};
