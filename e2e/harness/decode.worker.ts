/** What the kit's worker makes of an image's file, before a model sees it. */

import { DEFAULT_IMAGE_LIMITS } from "../../packages/web/src/image/limits.ts";
import { decodeFile } from "../../packages/web/src/decode/decode-file.ts";
import { toWireError } from "../../packages/web/src/protocol/errors.ts";

onmessage = async ({ data }: MessageEvent<Blob>) => {
  const bytes = new Uint8Array(await data.arrayBuffer());
  try {
    const decoded = await decodeFile(bytes, DEFAULT_IMAGE_LIMITS, new AbortController().signal);
    postMessage({ decoded });
  } catch (error) {
    postMessage({ error: toWireError(error) });
  }
};
