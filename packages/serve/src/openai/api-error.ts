/** Errors in the shape of OpenAI's API, and which status each error of the kit has. */

import { VlmError, type VlmErrorCode } from "@fastvlm-kit/web";

/** What a client reads. */
export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly code: string;
    readonly param: string | null;
  };
}

export interface ApiErrorOptions {
  readonly status: number;
  readonly type: string;
  readonly code: string;
  /** The field of the request that is wrong. */
  readonly param?: string;
  readonly retryAfterMs?: number;
}

/** An answer that is not 200. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly body: ErrorBody;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { status, type, code, param, retryAfterMs }: ApiErrorOptions) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.body = { error: { message, type, code, param: param ?? null } };
  }
}

/** A request that cannot be answered as it is. */
export function invalidRequest(message: string, param: string, code = "invalid_value"): ApiError {
  return new ApiError(message, { status: 400, type: INVALID, code, param });
}

/** @param what happens, in words that go before the advice */
export function unavailable(what: string, code: string, retryAfterMs = 1000): ApiError {
  const message = `${what} Repeat the request later.`;
  return new ApiError(message, { status: 503, type: SERVER, code, retryAfterMs });
}

const INVALID = "invalid_request_error";
const SERVER = "server_error";

type Answer = Pick<ApiErrorOptions, "status" | "type"> & Partial<ApiErrorOptions>;

const INVALID_IMAGE: Answer = { status: 400, type: INVALID, param: "messages" };

/** Failures of a caller, and those that pass. All other codes are failures of the server. */
const ANSWERS: Readonly<Partial<Record<VlmErrorCode, Answer>>> = {
  "image-unsupported": INVALID_IMAGE,
  "image-unreadable": INVALID_IMAGE,
  "image-too-large": INVALID_IMAGE,
  "image-fetch-failed": INVALID_IMAGE,
  "context-overflow": { ...INVALID_IMAGE, code: "context_length_exceeded" },
  "queue-full": { status: 429, type: "rate_limit_error" },
  "circuit-open": { status: 503, type: SERVER },
  "worker-crashed": { status: 503, type: SERVER, retryAfterMs: 1000 },
  timeout: { status: 504, type: "timeout_error" },
};

/** Everything that is thrown while a request is answered. A text that nobody has checked stays here. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (VlmError.is(thrown)) {
    const answer = ANSWERS[thrown.code] ?? { status: 500, type: SERVER };
    const details = thrown.details as { readonly retryAfterMs?: number };
    const code = thrown.code.replaceAll("-", "_");
    const { retryAfterMs } = details;
    return new ApiError(thrown.message, {
      code,
      ...answer,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  }
  // The kit's own check of options.
  if (thrown instanceof TypeError) return invalidRequest(thrown.message, "messages");
  const message = "The server failed while it answered. Its log says more.";
  return new ApiError(message, { status: 500, type: SERVER, code: "internal_error" });
}
