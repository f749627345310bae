import { VlmError } from "../protocol/errors.ts";

/**
 * Refuses pixels whose buffer was transferred elsewhere. They keep their width and height and can be sent, but never arrive.
 *
 * @throws {VlmError} `image-unreadable`
 */
export function assertHasPixels({ data }: ImageData): void {
  if (data.length > 0) return;
  throw new VlmError(
    "image-unreadable",
    "The ImageData has lost its pixels: its buffer was transferred. Pass a copy, or transfer later.",
    { reason: "empty" },
  );
}
