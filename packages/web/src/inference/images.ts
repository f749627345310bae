/**
 * Prepares images for the decoder. An image that was seen before is recognised by the page's name for it, or by the bytes
 * of its file. It is neither decoded nor encoded again.
 */

import { toImageTensor } from "../image/tensor/image-tensor.ts";
import type { ImageLimits } from "../image/limits.ts";
import type { ImageFeatures, ImageTensor, Runtime } from "../engines/runtime.ts";
import type { ImageFit } from "../protocol/options.ts";
import type { ImageInfo, ModelInfo } from "../protocol/result.ts";
import type { KnownImage, ImageCache, StoredFeatures } from "../storage/image-cache.ts";
import { sha256 } from "../storage/sha256.ts";
import type { WireImage } from "../wire/worker-api.ts";
import { capToImage } from "./image-sizes.ts";
import { decodeImage, readImage, type ImageContent } from "./decode-image.ts";

/** Raise this when the same files give other features than before. Stored features are then not used. */
const ENCODING_VERSION = 2;

/** How the encoder sees an image. */
export interface EncodingView {
  /** Side of the square that the encoder sees, in pixels. */
  readonly size: number;
  /** Whether a smaller image is seen at its own size, and not enlarged. */
  readonly isCapped: boolean;
  readonly fit: ImageFit;
}

export interface OpenedImage {
  readonly info: ImageInfo;
  /** The key of the pixels; undefined if nothing may be reused. */
  readonly key: string | undefined;
  /** Returns the features. `isNew` says that they were encoded just now. */
  encode(): Promise<{ features: ImageFeatures; isNew: boolean }>;
}

export interface OpenImagesOptions {
  readonly look: EncodingView;
  /** Whether stored facts about images may be used, and new ones stored. */
  readonly reuses: boolean;
  readonly signal: AbortSignal;
  /** Called when a step has ended, so that the clock can measure it. */
  readonly onDecoded: () => void;
  readonly onPreprocessed: () => void;
}

export interface Images {
  /** @throws {VlmError} what reading and decoding throw */
  open(images: readonly WireImage[], options: OpenImagesOptions): Promise<OpenedImage[]>;
  /** Forgets what is in memory. What is stored stays. */
  clear(): void;
}

export interface ImagesOptions {
  readonly runtime: Pick<Runtime, "encodeImage" | "hiddenSize">;
  readonly model: ModelInfo;
  readonly limits: ImageLimits;
  readonly cache: ImageCache;
}

/** FastViTHD's total stride: an image of 64 × 64 pixels is one token. */
const STRIDE = 64;

/** Features of about seventy images of 1024 px, or of a thousand of 256 px. */
const MAX_FEATURE_BYTES = 64 * 2 ** 20;
const MAX_NAMES = 4096;

export function createImages({ runtime, model, limits, cache }: ImagesOptions): Images {
  const names = new Map<string, KnownImage>(); // the longest unused first
  const features = new Map<string, StoredFeatures>();

  const remember = (name: string, image: KnownImage): void => {
    names.delete(name);
    names.set(name, image);
    for (const oldest of names.keys()) {
      if (names.size <= MAX_NAMES) break;
      names.delete(oldest);
    }
  };

  const keep = (key: string, values: StoredFeatures): void => {
    features.delete(key);
    features.set(key, values);
    let bytes = 0;
    for (const one of features.values()) bytes += one.values.byteLength;
    for (const [oldest, one] of features) {
      if (bytes <= MAX_FEATURE_BYTES) break;
      bytes -= one.values.byteLength;
      features.delete(oldest);
    }
  };

  const find = async (key: string, { tokens }: ImageInfo): Promise<StoredFeatures | undefined> =>
    features.get(key) ?? cache.getFeatures(key, { tokens, hidden: runtime.hiddenSize });

  const isNamed = ({ id }: WireImage, look: EncodingView): boolean =>
    id !== undefined && names.has(encodingNameOf(`page:${id}`, look));

  const openOne = async (
    image: WireImage,
    arrived: Promise<ImageContent> | undefined,
    { look, reuses, signal, onDecoded, onPreprocessed }: OpenImagesOptions,
  ): Promise<OpenedImage> => {
    const read = (): Promise<ImageContent> => (arrived ??= readImage(image, limits, signal));
    const toTensor = async (): Promise<{ tensor: ImageTensor; width: number; height: number }> => {
      const pixels = await decodeImage(await read(), limits);
      onDecoded();
      const size = look.isCapped ? capToImage(look.size, pixels) : look.size;
      const { fit } = look;
      const tensor = { data: toImageTensor(pixels, { size, fit }), size };
      onPreprocessed();
      return { tensor, width: pixels.width, height: pixels.height };
    };
    if (!reuses) {
      const { tensor, width, height } = await toTensor();
      return {
        info: describe({ width, height, size: tensor.size }),
        key: undefined,
        encode: async () => ({ features: await runtime.encodeImage(tensor), isNew: true }),
      };
    }

    const pageName = image.id === undefined ? undefined : encodingNameOf(`page:${image.id}`, look);
    let known = pageName === undefined ? undefined : names.get(pageName);
    let fileName: string | undefined;
    if (!known) {
      const content = await read();
      if (content instanceof Uint8Array) {
        fileName = encodingNameOf(`file:${await sha256(content)}`, look);
        known = await cache.recognise(fileName);
      }
    }
    let tensor: ImageTensor | undefined;
    if (!known) {
      const decoded = await toTensor();
      tensor = decoded.tensor;
      const hash = await sha256(new Uint8Array(tensor.data.buffer as ArrayBuffer));
      const { width, height } = decoded;
      known = { key: `${String(tensor.size)}:${hash}`, width, height, size: tensor.size };
      if (fileName !== undefined) void cache.name(fileName, known);
    }
    if (pageName !== undefined) remember(pageName, known);

    const { key } = known;
    const featuresKey = JSON.stringify([key, model, ENCODING_VERSION]);
    return {
      info: describe(known),
      key,
      async encode() {
        let found = await find(featuresKey, describe(known));
        const isNew = !found;
        if (!found) {
          tensor ??= (await toTensor()).tensor;
          found = await runtime.encodeImage(tensor);
          void cache.setFeatures(featuresKey, found);
        }
        keep(featuresKey, found);
        return { features: { ...found, key: featuresKey }, isNew };
      },
    };
  };

  return {
    async open(images, options) {
      // Read all images at once, because they may come over the network.
      const arriving = images.map((image) =>
        options.reuses && isNamed(image, options.look)
          ? undefined
          : readImage(image, limits, options.signal),
      );
      await Promise.all(arriving.flatMap((one) => one ?? []));
      const opened: OpenedImage[] = [];
      for (const [index, image] of images.entries()) {
        opened.push(await openOne(image, arriving[index], options));
      }
      return opened;
    },
    clear() {
      names.clear();
      features.clear();
    },
  };
}

function encodingNameOf(what: string, { size, isCapped, fit }: EncodingView): string {
  return `${what}|${String(size)}|${fit}${isCapped ? "|capped" : ""}`;
}

function describe({ width, height, size }: Omit<KnownImage, "key">): ImageInfo {
  return { width, height, size, tokens: (size / STRIDE) ** 2 };
}
