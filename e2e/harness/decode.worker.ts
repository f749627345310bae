/** What the kit's worker makes of an image's file, before a model sees it. */

import { DEFAULT_IMAGE_LIMITS } from "../../packages/web/src/image/limits.ts";
import { BROWSER_DECODER } from "../../packages/web/src/decode/browser-decoder.ts";
import { decodeFile } from "../../packages/web/src/decode/decode-file.ts";
import { toWireError } from "../../packages/web/src/protocol/errors.ts";

onmessage = async ({ data }: MessageEvent<Blob>) => {
  const bytes = new Uint8Array(await data.arrayBuffer());
  try {
    const { signal } = new AbortController();
    const decoded = await decodeFile(bytes, BROWSER_DECODER, DEFAULT_IMAGE_LIMITS, signal);
    postMessage({ decoded });
  } catch (error) {
    postMessage({ error: toWireError(error) });
  }
};
