/**
 * Prepares images for the decoder. An image that was seen before is recognised by the page's name for it, or by the bytes
 * of its file. It is neither decoded nor encoded again. The model's family says which tiles an image becomes. Each tile is
 * encoded, stored and found again on its own.
 */

import type { ImageForm, ImagePiece, ImagePlan, ImageTile } from "../families/family.ts";
import type { Size } from "../image/formats/size.ts";
import type { ImageLimits } from "../image/limits.ts";
import { pixelHintOf } from "../image/pixel-hint.ts";
import type { ImageFeatures, ImageTensor, Runtime } from "../engines/runtime.ts";
import type { ImageFit } from "../protocol/options.ts";
import type { ImageInfo, ModelInfo } from "../protocol/result.ts";
import type { KnownImage, ImageCache, StoredFeatures } from "../storage/image-cache.ts";
import { LruMap } from "../shared/lru-map.ts";
import { sha256 } from "../storage/sha256.ts";
import type { WireImage } from "../wire/worker-api.ts";
import { toHints } from "./image-hints.ts";
import { capToImage } from "./image-sizes.ts";
import { decodeImage, readImage, type ImageContent } from "../decode/decode-image.ts";
import type { FileDecoder } from "../decode/file-decoder.ts";
import { keepTiles } from "./kept-tiles.ts";
import { imageKeyOf, tileKeyOf, tileKeysOf } from "./tile-keys.ts";

/** Raise this when the same files give other features than before. Stored features are then not used. */
const ENCODING_VERSION = 2;

/** Raise this when the same files give other pixels than before. What is stored of files is then not used. */
const DECODING_VERSION = 2;

/** How the encoder sees an image. */
export interface EncodingView {
  /** The side that was chosen, in pixels. */
  readonly size: number;
  /**
   * What the app asked for where this device chose the side. An image that was seen so before keeps its side, because
   * another one would mean to encode it again.
   */
  readonly auto: string | undefined;
  readonly fit: ImageFit;
}

export interface OpenedImage {
  readonly info: ImageInfo;
  /** The key of the pixels; undefined if nothing may be reused. */
  readonly key: string | undefined;
  /** What stands in the prompt in its place. */
  readonly pieces: readonly ImagePiece[];
  /** In the order in which the prompt has them. */
  readonly tiles: readonly OpenedTile[];
}

interface OpenedTile extends ImageTile {
  /** Returns the features. `isNew` says that they were encoded just now. */
  encode(): Promise<{ features: ImageFeatures; isNew: boolean }>;
}

interface OpenImagesOptions {
  readonly look: EncodingView;
  /** Whether stored facts about images may be used, and new ones stored. */
  readonly reuses: boolean;
  readonly signal: AbortSignal;
  /** Called when a decoder begins, with the milliseconds that it may take. */
  readonly onDecoding: (limitMs: number) => void;
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
  readonly form: Pick<ImageForm, "plan" | "sides" | "storedAs">;
  readonly model: ModelInfo;
  readonly limits: ImageLimits;
  readonly cache: ImageCache;
  /** What decodes files of images. */
  readonly decoder: FileDecoder;
}

/** Features of about seventy images that FastVLM sees at 1024 px, or of 450 tiles of SmolVLM-256M. */
const MAX_FEATURE_BYTES = 64 * 2 ** 20;
const MAX_NAMES = 4096;

export function createImages(options: ImagesOptions): Images {
  const { runtime, form, model, limits, cache, decoder } = options;
  const names = new LruMap<string, KnownImage>({ max: MAX_NAMES });
  const features = new LruMap<string, StoredFeatures>({
    max: MAX_FEATURE_BYTES,
    sizeOf: ({ values }) => values.byteLength,
  });

  const find = async (key: string, { tokens }: ImageTile): Promise<StoredFeatures | undefined> =>
    features.get(key) ?? cache.getFeatures(key, { tokens, hidden: runtime.hiddenSize });

  const nameOf = (what: string, size: string, { auto, fit }: EncodingView): string =>
    [what, size, fit, auto !== undefined && "capped", form.storedAs].filter(Boolean).join("|");

  const pageName = ({ id }: WireImage, look: EncodingView): string | undefined =>
    id === undefined ? undefined : nameOf(`page:${id}`, look.auto ?? String(look.size), look);

  const isNamed = (image: WireImage, look: EncodingView): boolean => {
    const name = pageName(image, look);
    return name !== undefined && names.has(name);
  };

  /** With `auto` an image is never enlarged. */
  const planFor = (image: Size, { size, auto, fit }: EncodingView): ImagePlan => {
    const side = auto === undefined ? size : capToImage(size, image, form.sides);
    return form.plan(image, { side, fit });
  };

  /** What is stored may be of a kit that made other tiles of the image: then it is not known. */
  const asPlanned = (known: KnownImage | undefined, look: EncodingView): KnownImage | undefined =>
    known && tileKeysOf(known).length === planFor(known, look).tiles.length ? known : undefined;

  const openOne = async (
    image: WireImage,
    arrived: Promise<ImageContent> | undefined,
    { look, reuses, signal, onDecoding, onDecoded, onPreprocessed }: OpenImagesOptions,
  ): Promise<OpenedImage> => {
    const read = (): Promise<ImageContent> => (arrived ??= readImage(image, limits, signal));
    const draw = async (): Promise<DrawnImage> => {
      const { pixels, ...facts } = await decodeImage(await read(), decoder, limits, signal, () => {
        onDecoding(limits.maxDecodeMs);
      });
      onDecoded();
      const plan = planFor(pixels, look);
      const tensorOf = plan.draw(pixels);
      onPreprocessed();
      const { width, height } = pixels;
      return { plan, tensorOf, width, height, hint: pixelHintOf(pixels), ...facts };
    };
    if (!reuses) {
      const { plan, tensorOf, ...facts } = await draw();
      return {
        ...describe(plan, facts),
        key: undefined,
        tiles: plan.tiles.map((tile, at) => ({
          ...tile,
          encode: async () => ({ features: await runtime.encodeImage(tensorOf(at)), isNew: true }),
        })),
      };
    }

    const named = pageName(image, look);
    let known = named === undefined ? undefined : names.get(named);
    let fileName: string | undefined;
    if (!known) {
      const content = await read();
      if (content instanceof Uint8Array) {
        fileName = nameOf(
          `file${String(DECODING_VERSION)}:${await sha256(content)}`,
          String(look.size),
          look,
        );
        known = asPlanned(await cache.recognise(fileName), look);
      }
    }
    let drawn: DrawnImage | undefined;
    if (!known) {
      const { plan, tensorOf: drawTile, ...facts } = await draw();
      const tensorOf = keepTiles(drawTile);
      drawn = { plan, tensorOf, ...facts };
      const tileKeys: string[] = [];
      for (const at of plan.tiles.keys()) {
        signal.throwIfAborted();
        tileKeys.push(await tileKeyOf(tensorOf(at)));
        onPreprocessed();
      }
      known = { ...(await imageKeyOf(plan, tileKeys)), ...facts, size: plan.side };
      if (fileName !== undefined) void cache.name(fileName, known);
    }
    if (named !== undefined) names.set(named, known);

    const plan = drawn?.plan ?? planFor(known, { ...look, size: known.size });
    const tileKeys = tileKeysOf(known);
    const encodeTile = async (at: number): Promise<{ features: ImageFeatures; isNew: boolean }> => {
      const featuresKey = JSON.stringify([tileKeys[at], model, ENCODING_VERSION]);
      let found = await find(featuresKey, plan.tiles[at]!);
      const isNew = !found;
      if (!found) {
        // Known, and its features gone: it is decoded once for all tiles.
        drawn ??= await draw();
        found = await runtime.encodeImage(drawn.tensorOf(at));
        void cache.setFeatures(featuresKey, found);
      }
      features.set(featuresKey, found);
      if (at === plan.tiles.length - 1) drawn = undefined;
      return { features: { ...found, key: featuresKey }, isNew };
    };
    return {
      ...describe(plan, known),
      key: known.key,
      tiles: plan.tiles.map((tile, at) => ({ ...tile, encode: () => encodeTile(at) })),
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

/** An image that is decoded, and whose tiles are not all encoded yet. */
interface DrawnImage extends ImageFacts {
  readonly plan: ImagePlan;
  /** Computes a tile, which is megabytes. */
  readonly tensorOf: (tile: number) => ImageTensor;
}

/** What is known of an image beside its tiles. */
type ImageFacts = Pick<KnownImage, "width" | "height" | "fullSize" | "isTruncated" | "hint">;

function describe(
  { side, tokens, pieces }: ImagePlan,
  { isTruncated, fullSize, hint, ...decoded }: ImageFacts,
): Pick<OpenedImage, "info" | "pieces"> {
  const { width, height } = fullSize ?? decoded;
  const hints = toHints({ width, height, hint });
  const info: ImageInfo = {
    width,
    height,
    size: side,
    tokens,
    ...(isTruncated && { truncated: true }),
    ...(hints && { hints }),
  };
  return { info, pieces };
}
