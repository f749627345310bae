/** Makes the error of a node that did not answer. It never holds what the server wrote, nor a key, nor the request. */

import { VlmError } from "../protocol/errors.ts";
import type { NodeFailure } from "../protocol/remote.ts";

/** What is known beside the reason. */
export interface FailureFacts {
  readonly status?: number;
  readonly retryAfterMs?: number;
  readonly hasText?: boolean;
  /** A sentence that says what to do, in place of the usual one. */
  readonly advice?: string;
  readonly cause?: unknown;
}

export function nodeFailed(
  node: string,
  reason: NodeFailure,
  { status, retryAfterMs, hasText = false, advice = ADVICE[reason], cause }: FailureFacts = {},
): VlmError<"node-failed"> {
  const answered = status === undefined ? "" : ` (HTTP ${String(status)})`;
  const subject = node === "" ? "A remote node" : `The remote node "${node}"`;
  return new VlmError(
    "node-failed",
    `${subject} ${FACTS[reason]}${answered}. ${advice}`,
    {
      node,
      reason,
      hasText,
      ...(status !== undefined && { status }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    },
    cause === undefined ? undefined : { cause },
  );
}

const FACTS: Readonly<Record<NodeFailure, string>> = {
  network: "could not be reached, or the connection to it broke",
  timeout: "did not answer in time",
  "http-status": "answered with an error",
  redirect: "sent the request to another address, where the kit sends nothing",
  garbage: "sent something that is no answer of the API",
  "too-large": "sent more than an answer may have",
  "cut-short": "ended its answer before it was complete",
  "server-error": "reported an error in its answer",
  format: "sent an answer that does not have the form that `format` asks for",
  key: "got no request, because the function `apiKey` failed",
  unsupported: "cannot do what the call asks for",
  "circuit-open": "failed repeatedly and is left alone for a while",
  "no-node": "is not there",
};

const REPEAT = "Repeat the call, or allow the device to answer it with another `mode`.";

const ADVICE: Readonly<Record<NodeFailure, string>> = {
  network: "Check its address, that it runs, and that it allows this page's origin (CORS).",
  timeout: "Raise its `timeouts`, or give it fewer calls with `maxConcurrent`.",
  "http-status": "Look up the status in the server's manual and the request in its log.",
  redirect: "Set `baseUrl` to the address where the server really is.",
  garbage:
    "Check that `baseUrl` leads to an OpenAI-compatible API, and that `server` names the right one.",
  "too-large": "Lower `maxNewTokens`, or check the server.",
  "cut-short": REPEAT,
  "server-error":
    "The server's log says more; the text of the error is in `cause` with `debug: true`.",
  format: "Check that the server holds answers to a form, and name it in `server`.",
  key: "The error of the function is in `cause` with `debug: true`.",
  unsupported: "Leave the option out, or allow the device to answer with another `mode`.",
  "circuit-open": REPEAT,
  "no-node": "Add one with `registerNode`.",
};

/** Whether the same node may answer if it is asked again a little later. */
export function mayPass(error: unknown): error is VlmError<"node-failed"> {
  if (!VlmError.is(error, "node-failed") || error.details.hasText) return false;
  const { reason, status = 0 } = error.details;
  if (reason === "http-status") return status >= 500 || TRANSIENT_STATUS.has(status);
  return PASSING.has(reason);
}

/** Statuses for timeout, too early, and too many requests. */
const TRANSIENT_STATUS = new Set([408, 425, 429]);

const PASSING: ReadonlySet<NodeFailure> = new Set([
  "network",
  "timeout",
  "cut-short",
  "server-error",
]);

/**
 * Whether the node is to blame, so that its circuit breaker counts the failure. A request that the server finds wrong, and a
 * call that it cannot do, say nothing about the next call. Too many requests do: the node is to be left alone.
 */
export function isNodeFault(error: unknown): boolean {
  if (!VlmError.is(error, "node-failed")) return false;
  const { reason, status = 0 } = error.details;
  if (reason === "http-status") {
    return status >= 500 || TRANSIENT_STATUS.has(status) || REFUSED_STATUS.has(status);
  }
  return reason !== "unsupported" && reason !== "format" && reason !== "no-node";
}

/** The key is wrong or not enough, or the address is: all calls to this node will fail. */
const REFUSED_STATUS = new Set([401, 403, 404]);
