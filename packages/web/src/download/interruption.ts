/** The ways in which an attempt to fetch bytes can fail. */

import { VlmError, type VlmErrorDetails } from "../protocol/errors.ts";
import { shownAddress } from "../schema/local-address.ts";
import type { ModelFile } from "../protocol/model-descriptor.ts";

/**
 * - `transient`: the same request may succeed later;
 * - `permanent`: it will never succeed;
 * - `changed`: the server has another file now than the one that began to arrive.
 */
export type InterruptionKind = "transient" | "permanent" | "changed";

/** An error that is thrown only inside this room. `failure` is the error for the app, if nothing more is tried. */
export class Interruption extends Error {
  override readonly name = "Interruption";
  readonly kind: InterruptionKind;
  readonly failure: VlmError<"download-failed">;
  /** How long the server asked the kit to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Whether there was no answer at all. A refused preflight looks like that too. */
  readonly isUnanswered: boolean;

  constructor(
    kind: InterruptionKind,
    failure: VlmError<"download-failed">,
    { retryAfterMs, isUnanswered = false }: { retryAfterMs?: number; isUnanswered?: boolean } = {},
  ) {
    super(failure.message);
    this.kind = kind;
    this.failure = failure;
    this.retryAfterMs = retryAfterMs;
    this.isUnanswered = isUnanswered;
  }
}

type Details = VlmErrorDetails["download-failed"];
type Reason = Details["reason"];

/** Facts about a failure, besides its reason. */
export interface FailureFacts extends Partial<Omit<Details, "url" | "reason">> {
  readonly cause?: unknown;
  /** A sentence of advice, if the usual one for the reason does not fit. */
  readonly advice?: string;
}

/** The file that is requested. */
export interface Wanted extends Pick<ModelFile, "url"> {
  /** The beginning of the sentence in errors, in place of "The download of x". */
  readonly title?: string;
}

/** @param what the rest of the sentence that begins with "The download of x" */
export function downloadFailed(
  file: Wanted,
  reason: Reason,
  what: string,
  { status, cause, advice = ADVICE[reason], ...facts }: FailureFacts = {},
): VlmError<"download-failed"> {
  const url = shownAddress(file.url);
  const { title = `The download of ${url.split("/").at(-1) ?? url}` } = file;
  return new VlmError(
    "download-failed",
    `${title} ${what}. ${advice}`,
    { url, reason, ...(status !== undefined && { status }), ...facts },
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
  "no-ranges":
    "The server sends only the whole file, so that each attempt begins again. Serve the weights with ranges: uncompressed, with `Accept-Ranges: bytes`.",
  address:
    "Give a `data:` address with a comma and valid data, or a `blob:` address that is not revoked and that the page's Content-Security-Policy allows (`connect-src blob:`).",
  integrity:
    "Nothing of it is used. Pin the revision that you mean, or delete the stored model to trust the server's file anew.",
};
