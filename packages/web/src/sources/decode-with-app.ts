/** Asks an app's own decoder, for formats that the kit or the browser does not read. */

import type { ImageSource } from "../api/image-source.ts";
import { identifyKind } from "../image/formats/kinds.ts";
import { unreadableFile } from "../image/image-errors.ts";
import { assertByteLength } from "../image/limits.ts";
import { VlmError } from "../protocol/errors.ts";
import { untilAborted } from "../shared/abortable-wait.ts";
import { isBlob, isDrawable, isImageData } from "./kinds.ts";
import type { SnapshotOptions } from "./snapshot-options.ts";

/** Kinds are recognised by their first bytes; a drawing may begin with a comment. */
const HEAD_BYTES = 1024;

/** Types whose name is not `image/` and the kind. */
const TYPES: Readonly<Record<string, string>> = { svg: "image/svg+xml", ico: "image/x-icon" };

/**
 * What the app's decoder for this kind of file returns; undefined if the app has none. The bytes say which kind it is,
 * and the Blob's own type only where they do not.
 *
 * @throws {VlmError} `image-too-large`; `image-unreadable` when the decoder failed; the signal's reason when it aborts
 */
export async function decodeWithApp(
  blob: Blob,
  { decoders, limits, signal }: SnapshotOptions,
): Promise<Exclude<ImageSource, string> | undefined> {
  if (Object.keys(decoders).length === 0) return undefined;
  assertByteLength(blob.size, limits);
  const type = await typeOf(blob, signal);
  const decode = Object.hasOwn(decoders, type) ? decoders[type] : undefined;
  if (!decode) return undefined;
  let decoded: unknown;
  try {
    // A decoder that throws at once fails like one that rejects.
    decoded = await untilAborted((async () => decode(blob, { signal, limits }))(), signal);
  } catch (cause) {
    signal.throwIfAborted();
    throw decoderFailed(type, "failed", cause);
  }
  if (isBlob(decoded) || isImageData(decoded) || isDrawable(decoded)) return decoded;
  throw decoderFailed(type, `returned \`${Object.prototype.toString.call(decoded)}\``);
}

async function typeOf(blob: Blob, signal: AbortSignal): Promise<string> {
  const head = await untilAborted(blob.slice(0, HEAD_BYTES).arrayBuffer(), signal).catch(
    (cause: unknown) => {
      signal.throwIfAborted();
      throw unreadableFile(cause);
    },
  );
  const kind = identifyKind(new Uint8Array(head));
  if (kind === "unknown") return blob.type.toLowerCase();
  return TYPES[kind] ?? `image/${kind}`;
}

function decoderFailed(type: string, what: string, cause?: unknown): VlmError<"image-unreadable"> {
  return new VlmError(
    "image-unreadable",
    `The app's decoder for ${type} ${what}. It has to return a Blob, an ImageBitmap, ImageData, a canvas or a VideoFrame.`,
    { reason: "decode-failed" },
    { cause },
  );
}
