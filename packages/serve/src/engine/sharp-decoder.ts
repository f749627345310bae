/**
 * Decodes images with sharp, as a browser does: in sRGB, upright, the first image of several
 * (decisions/2026-11-26-images-in-node.md). The kit has read the header and checked the limits before.
 */

import sharp, { type Sharp } from "sharp";
import {
  VlmError,
  type FileDecoder,
  type ImageHeader,
  type ImageKind,
} from "@fastvlm-kit/web/host";

/** What sharp's own build decodes, among the kinds that the kit knows. */
const KINDS: readonly ImageKind[] = ["png", "jpeg", "webp", "gif", "avif"];

/** What a browser turns by its EXIF block. AVIF has its own way to say it, which the decoder follows. */
const TURNED: readonly ImageKind[] = ["jpeg", "webp"];

/** The operations of libvips that read a file of one of the {@link KINDS}. */
const LOADERS = ["Png", "Jpeg", "Webp", "Nsgif", "Heif"].map((name) => `VipsForeignLoad${name}`);

export function createSharpDecoder(): FileDecoder {
  // Each thread decodes one image at a time, and other calls need the cores.
  sharp.concurrency(1);
  sharp.cache(false);
  // libvips reads many kinds of file. Nothing but these is read here, whatever a file says that it is.
  sharp.block({ operation: ["VipsForeignLoad"] });
  sharp.unblock({ operation: LOADERS });
  return {
    canReduce: (kind) => Promise.resolve(kind === "jpeg"),
    async open(bytes, header, size) {
      if (!KINDS.includes(header.kind)) throw unsupported(header.kind);
      const image = decoding(bytes, header);
      if (size) image.resize({ ...size, fit: "fill", kernel: "lanczos3" });
      const { data, info } = await image
        .raw()
        .toBuffer({ resolveWithObject: true })
        .catch((cause: unknown) => {
          throw unreadable(header, cause);
        });
      const { width, height } = info;
      const pixels = { data: new Uint8ClampedArray(data), width, height };
      return {
        width,
        height,
        isTruncated: header.isTruncated === true,
        readPixels: () => pixels,
        close: () => undefined,
      };
    },
  };
}

function decoding(bytes: Uint8Array, { kind, isTruncated }: ImageHeader): Sharp {
  // Of a file that is cut short there is a part to see, as a browser shows it. Other damage is an error.
  const image = sharp(bytes, {
    limitInputPixels: false, // The kit's limits count.
    failOn: isTruncated ? "none" : "error",
  });
  if (TURNED.includes(kind)) image.autoOrient();
  return image.toColourspace("srgb").ensureAlpha();
}

function unsupported(kind: ImageKind): VlmError<"image-unsupported"> {
  return new VlmError(
    "image-unsupported",
    `This server decodes no ${kind.toUpperCase()} files. Send the image as PNG, JPEG, WebP, GIF or AVIF.`,
    { kind },
  );
}

function unreadable({ isTruncated }: ImageHeader, cause: unknown): VlmError<"image-unreadable"> {
  return new VlmError(
    "image-unreadable",
    "The image could not be decoded. It may be damaged; save it again as PNG or JPEG.",
    { reason: isTruncated ? "truncated" : "decode-failed" },
    { cause },
  );
}
