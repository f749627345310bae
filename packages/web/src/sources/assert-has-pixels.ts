import { VlmError } from "../protocol/errors.ts";

/**
 * Pixels whose buffer was transferred away keep their sides. They can be sent, and never arrive.
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
