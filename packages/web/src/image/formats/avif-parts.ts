import { malformedImage } from "../image-errors.ts";

/** A grid of 40 megapixels has about 10,000 tiles of the smallest size, and as many for its alpha. */
const MAX_PARTS = 25_000;

/** @throws {VlmError} `image-unreadable` where a list is longer than any image needs */
export function assertFewParts(count: number): void {
  if (count > MAX_PARTS) throw malformedImage("avif", "has too many parts");
}
