import { VlmError } from "../protocol/errors.ts";
import type { ImageKind } from "./formats/image-header.ts";

/** The file ends before it has given its size. */
export function truncatedImage(kind: ImageKind): VlmError<"image-unreadable"> {
  return new VlmError(
    "image-unreadable",
    `The ${kind.toUpperCase()} file ends before it gives its size. Fetch or export it again; it may be a partial download.`,
    { reason: "truncated" },
  );
}

/** The file contradicts its own format. `fact` ends the sentence "The PNG file …". */
export function malformedImage(kind: ImageKind, fact: string): VlmError<"image-unreadable"> {
  return new VlmError(
    "image-unreadable",
    `The ${kind.toUpperCase()} file ${fact}. Open it in an image editor and export it again.`,
    { reason: "malformed" },
  );
}

/** The browser holds the file, and could not read its bytes. */
export function unreadableFile(cause: unknown): VlmError<"image-unreadable"> {
  return new VlmError(
    "image-unreadable",
    "The image's file could not be read. It may have been moved or changed; choose it again.",
    { reason: "not-ready" },
    { cause },
  );
}

/** @param limit in milliseconds */
export function slowToDecode(limit: number): VlmError<"image-too-large"> {
  return new VlmError(
    "image-too-large",
    `The image was not decoded within the limit of ${String(limit / 1000)} s. Save it again as a plain PNG or JPEG, or raise \`imageLimits.maxDecodeMs\`.`,
    { what: "time", actual: limit, limit },
  );
}
