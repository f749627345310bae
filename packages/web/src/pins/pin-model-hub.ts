/** Requests to the Hugging Face Hub. Each reads a whole answer up to a limit, and turns every fault into a typed error. */

import { VlmError, type VlmErrorDetails } from "../protocol/errors.ts";
import { shownAddress } from "../schema/local-address.ts";

export interface Hub {
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** The repository that the requests are about: `owner/name`. */
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
  const { fetch, signal } = hub; // A browser's `fetch` throws when it is called as a method of another object.
  try {
    const response = await fetch(`${hub.endpoint}/${path}`, {
      mode: "cors",
      credentials: "same-origin",
      // A branch moves, so an answer in the HTTP cache may be out of date.
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

/** One page of a listing has at most a thousand files, of about 200 bytes each. */
const MAX_JSON_BYTES = 8 * 2 ** 20;

/** @throws {VlmError} as {@link readFromHub}, and `model-invalid` when the answer is not JSON */
export async function readJson(
  hub: Hub,
  path: string,
): Promise<{ readonly value: unknown; readonly headers: Headers }> {
  const { bytes, headers } = await readFromHub(hub, path, MAX_JSON_BYTES);
  // A captive portal answers with status 200 and a web page of its own.
  if (headers.get("content-type")?.startsWith("text/html")) {
    throw hubRequestFailed(hub, path, "content-type", "brought a web page");
  }
  try {
    return { value: JSON.parse(new TextDecoder().decode(bytes)) as unknown, headers };
  } catch (cause) {
    throw invalidAnswer(hub, "it is not JSON", hub.repository, { cause });
  }
}

/** The whole body, or undefined if it has more than `maxBytes`; the rest is then not fetched. */
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

/** The error for an answer of the hub that makes no sense. */
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
  const url = shownAddress(`${endpoint}/${path}`);
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
