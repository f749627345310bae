/** Requests to the Hugging Face Hub: whole answers, up to a limit, and what can be wrong with them. */

import { VlmError, type VlmErrorDetails } from "../protocol/errors.ts";

export interface Hub {
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** What the questions are about: `owner/name`. */
  readonly repository: string;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal | undefined;
}

export interface HubAnswer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Headers;
}

type Reason = VlmErrorDetails["download-failed"]["reason"];

/**
 * @param path below the endpoint, with its query
 * @throws {VlmError} `download-failed`; the signal's reason when aborted
 */
export async function readFromHub(hub: Hub, path: string, maxBytes: number): Promise<HubAnswer> {
  const { fetch, signal } = hub; // As a method of anything else, a browser's `fetch` throws.
  try {
    const response = await fetch(`${hub.endpoint}/${path}`, {
      mode: "cors",
      credentials: "same-origin",
      // A branch moves: what the HTTP cache knows of it may be of yesterday.
      cache: "no-cache",
      ...(signal && { signal }),
    });
    if (!response.ok) {
      const { status } = response;
      await response.body?.cancel();
      throw hubRequestFailed(hub, path, "http-status", `was answered with HTTP ${status}`, {
        status,
      });
    }
    const bytes = await readBody(response, maxBytes);
    if (!bytes) {
      throw hubRequestFailed(hub, path, "length", `brought more than ${maxBytes} bytes`);
    }
    return { bytes, headers: response.headers };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (VlmError.is(error)) throw error;
    throw hubRequestFailed(hub, path, "network", "did not get through", { cause: error });
  }
}

/** A page of a listing has a thousand files at most, of some 200 bytes each. */
const MAX_JSON_BYTES = 8 * 2 ** 20;

/** @throws {VlmError} as {@link readFromHub}, and `model-invalid` when the answer is not JSON */
export async function readJson(
  hub: Hub,
  path: string,
): Promise<{ readonly value: unknown; readonly headers: Headers }> {
  const { bytes, headers } = await readFromHub(hub, path, MAX_JSON_BYTES);
  // A captive portal answers 200, with its own page.
  if (headers.get("content-type")?.startsWith("text/html")) {
    throw hubRequestFailed(hub, path, "content-type", "brought a web page");
  }
  try {
    return { value: JSON.parse(new TextDecoder().decode(bytes)) as unknown, headers };
  } catch (cause) {
    throw invalidAnswer(hub, "it is not JSON", hub.repository, { cause });
  }
}

/** Undefined when there is more than `maxBytes`; what is beyond is not fetched. */
async function readBody(
  { body }: Response,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = body?.getReader();
  for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
    chunks.push(part.value);
    length += part.value.byteLength;
    if (length <= maxBytes) continue;
    await reader?.cancel();
    return undefined;
  }
  const bytes = new Uint8Array(length);
  let end = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, end);
    end += chunk.byteLength;
  }
  return bytes;
}

/** What the hub says makes no sense. */
export function invalidAnswer(
  { endpoint, repository }: Hub,
  reason: string,
  file = repository,
  options?: ErrorOptions,
): VlmError<"model-invalid"> {
  return new VlmError(
    "model-invalid",
    `The answer of ${endpoint} about ${file} cannot be used: ${reason}. Check that the address is a Hugging Face Hub.`,
    { file, reason },
    options,
  );
}

export function hubRequestFailed(
  { endpoint }: Hub,
  path: string,
  reason: Reason,
  what: string,
  { status, cause }: { status?: number; cause?: unknown } = {},
): VlmError<"download-failed"> {
  const url = `${endpoint}/${path}`.replace(/[?#].*$/, "");
  return new VlmError(
    "download-failed",
    `The request for ${url} ${what}. ${adviceFor(reason, status)}`,
    { url, reason, ...(status !== undefined && { status }) },
    cause === undefined ? undefined : { cause },
  );
}

function adviceFor(reason: Reason, status: number | undefined): string {
  if (reason === "content-type") return "Check whether the network asks to sign in.";
  if (status === 401 || status === 403 || status === 404) {
    return "Check the repository and its revision; a private one needs a `fetch` that adds a token.";
  }
  return "Check the connection and the hub's address, then try again.";
}
