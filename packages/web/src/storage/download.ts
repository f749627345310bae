/** One file over the network, checked: status, kind, length, and hash where one is known. */

import { VlmError, type VlmErrorDetails } from "../protocol/errors.ts";
import type { ModelFile } from "../protocol/model-descriptor.ts";

/**
 * @param onBytes bytes so far and in all
 * @throws {VlmError} `download-failed`; what `signal` was aborted with
 */
export async function downloadFile(
  file: ModelFile,
  signal: AbortSignal,
  onBytes: (loaded: number, total: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const response = await request(file, signal);
  const exact = file.isApproximate ? undefined : file.bytes;
  const announced = announcedLength(response);
  const bytes = await readBody(response, file, exact ?? announced ?? file.bytes, signal, onBytes);
  // Another origin hides its encoding, so more bytes than announced are an unpacked answer.
  const isWhole =
    exact === undefined ? bytes.byteLength >= (announced ?? 0) : bytes.byteLength === exact;
  if (!isWhole) {
    const wanted = exact ?? announced;
    throw failed(
      file,
      "length",
      `brought ${String(bytes.byteLength)} bytes instead of ${String(wanted)}`,
    );
  }
  await verify(file, bytes);
  return bytes;
}

async function request(file: ModelFile, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(file.url, { mode: "cors", credentials: "same-origin", signal });
  } catch (cause) {
    throw signal.aborted ? signal.reason : failed(file, "network", "did not begin", { cause });
  }
  if (!response.ok) {
    throw failed(file, "http-status", `was answered with HTTP ${String(response.status)}`, {
      status: response.status,
    });
  }
  // A server's "not found" page, or a captive portal, answers 200 with HTML.
  if (response.headers.get("content-type")?.startsWith("text/html")) {
    throw failed(file, "content-type", "brought a web page instead of the file");
  }
  return response;
}

/** The server's word on the length. With a compressed answer it counts other bytes. */
function announcedLength(response: Response): number | undefined {
  const header = response.headers.get("content-length");
  const isPlain = response.headers.get("content-encoding") === null;
  return header !== null && isPlain ? Number(header) : undefined;
}

async function readBody(
  response: Response,
  file: ModelFile,
  total: number,
  signal: AbortSignal,
  onBytes: (loaded: number, total: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = new Uint8Array(total);
  let loaded = 0;
  const reader = response.body?.getReader();
  try {
    while (reader) {
      const { done, value } = await reader.read();
      if (done) break;
      if (loaded + value.byteLength > bytes.byteLength)
        bytes = grow(bytes, loaded + value.byteLength);
      bytes.set(value, loaded);
      loaded += value.byteLength;
      onBytes(loaded, Math.max(total, loaded));
    }
  } catch (cause) {
    throw signal.aborted ? signal.reason : failed(file, "network", "broke off", { cause });
  }
  return loaded === bytes.byteLength ? bytes : bytes.slice(0, loaded);
}

/** Only for lengths that were a guess; half as much again keeps the copies few. */
function grow(bytes: Uint8Array<ArrayBuffer>, atLeast: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(atLeast, Math.ceil(bytes.byteLength * 1.5)));
  larger.set(bytes);
  return larger;
}

async function verify(file: ModelFile, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  // WebCrypto exists on https and localhost only.
  if (file.sha256 === undefined || !("subtle" in crypto)) return;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (hex !== file.sha256)
    throw failed(file, "integrity", "brought other bytes than the model's manifest promises");
}

function failed(
  file: ModelFile,
  reason: VlmErrorDetails["download-failed"]["reason"],
  what: string,
  { status, cause }: { status?: number; cause?: unknown } = {},
): VlmError<"download-failed"> {
  const url = file.url.replace(/[?#].*$/, "");
  return new VlmError(
    "download-failed",
    `The download of ${url.split("/").at(-1) ?? url} ${what}. Check the connection and the model's address, then try again.`,
    { url, reason, ...(status !== undefined && { status }) },
    cause === undefined ? undefined : { cause },
  );
}
