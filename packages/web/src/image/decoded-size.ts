import { malformedImage } from "./image-errors.ts";
import type { ImageHeader } from "./formats/image-header.ts";
import { assertSides, type ImageLimits } from "./limits.ts";
import { fitsTurned, showSize, type Size } from "./formats/size.ts";

/**
 * Refuses a decoded image that is larger than the header of its file said. In this case the kit has read another size than
 * the decoder, and has compared the wrong size with the limits. The image may be turned by a quarter. It may also be smaller,
 * because some files ask for a part of the image, and decoders differ in whether a GIF's first frame enlarges the screen.
 *
 * @throws {VlmError} `image-too-large`, `image-unreadable`
 */
export function assertDecodedSize(decoded: Size, header: ImageHeader, limits: ImageLimits): void {
  assertSides(decoded, limits);
  if (fitsTurned(decoded, header)) return;
  throw malformedImage(
    header.kind,
    `says that it is ${showSize(header)} pixels and was decoded to ${showSize(decoded)}`,
  );
}
