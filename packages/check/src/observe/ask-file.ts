/** Asks for a file as a browser does, and reads no more of it than is needed. */

import type { Answer } from "../observation.ts";

const BEGINNING_BYTES = 512;
const TIMEOUT_MS = 30_000;

/**
 * @param range asks for the first 16 bytes, without compression, as browsers do when a script asks for a range
 * @param origin of the page, for files of other origins
 * @returns undefined when there is no answer
 */
export async function askFile(
  url: string,
  { range = false, origin }: { readonly range?: boolean; readonly origin?: string } = {},
): Promise<Answer | undefined> {
  const ending = new AbortController();
  const timer = setTimeout(() => {
    ending.abort();
  }, TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      headers: {
        "accept-encoding": range ? "identity" : "gzip, deflate, br, zstd",
        ...(range && { range: "bytes=0-15" }),
        ...(origin !== undefined && { origin }),
      },
      signal: ending.signal,
    });
    const answer = { status: response.status, headers: Object.fromEntries(response.headers) };
    // What cannot be unpacked has no readable beginning.
    const beginning = await readBeginning(response).catch(() => "");
    return { ...answer, beginning };
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    // The rest of the file is not wanted.
    ending.abort();
  }
}

async function readBeginning({ body }: Response): Promise<string> {
  if (!body) return "";
  let text = "";
  for await (const chunk of body as ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString("latin1");
    if (text.length >= BEGINNING_BYTES) break;
  }
  return text.slice(0, BEGINNING_BYTES);
}
