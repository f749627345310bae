/**
 * Stores facts about images for later visits: which pixels a file has, and the features of these pixels. The size is
 * limited; the least recently used entries are removed first.
 */

import { readStored } from "../schema/read.ts";
import { imageFeatures, knownImage } from "../schema/stored.ts";
import type { PixelHint } from "../protocol/result.ts";
import { createEntryIndex, type EntryIndexLimits } from "./entry-index.ts";
import type { Store } from "./store.ts";

/** An image as the model sees it. */
export interface KnownImage {
  /** A hash of all pixels that the encoder is shown, with their size. Images with equal keys have equal pixels. */
  readonly key: string;
  /** The same for each tile of the image, if it has several. */
  readonly tileKeys?: readonly string[];
  /** Width of the image in pixels, after it was turned upright; so is `height`. */
  readonly width: number;
  readonly height: number;
  /** The side at which it is seen, in pixels. */
  readonly size: number;
  /** The size in its file, if it was reduced while it was decoded. */
  readonly fullSize?: { readonly width: number; readonly height: number };
  /** Present if its file ends before the image does. */
  readonly isTruncated?: true;
  /** What its pixels alone say about it. */
  readonly hint?: PixelHint | undefined;
}

export interface StoredFeatures {
  readonly tokens: number;
  readonly values: Float32Array<ArrayBuffer>; // [tokens, hidden]
}

/** The shape that stored features must have before they go to the decoder. */
interface FeaturesShape {
  /** The number of positions that the image takes. */
  readonly tokens: number;
  /** How many numbers a position has; undefined if this is not known, because no image was encoded yet. */
  readonly hidden: number | undefined;
}

export interface ImageCache {
  /** Reads the names that were used last, so that the first image need not wait for it. */
  warm(): Promise<void>;
  /** @param name stands for the bytes of a file, and the size and fit at which it is encoded */
  recognise(name: string): Promise<KnownImage | undefined>;
  name(name: string, image: KnownImage): Promise<void>;
  /**
   * @param key stands for an image and the model that encoded it
   * @param shape the shape that stored features must have; others are removed
   */
  getFeatures(key: string, shape: FeaturesShape): Promise<StoredFeatures | undefined>;
  setFeatures(key: string, features: StoredFeatures): Promise<void>;
  /** About how many bytes the entries take. */
  usedBytes(): Promise<number>;
  clear(): Promise<void>;
}

const nameKey = (name: string): string => `name|${name}`;
const featuresKey = (key: string): string => `features|${key}`;

/** About how many bytes a record takes besides its values, for its key, its numbers and IndexedDB itself. */
const ENTRY_OVERHEAD_BYTES = 1024;

/** How many names are read ahead. */
const MAX_WARM_NAMES = 1024;

/** Uses are recorded to this precision, because they only decide which entry is removed first. */
const USE_PRECISION_MS = 60_000;

export function createImageCache(store: Store, limits: EntryIndexLimits): ImageCache {
  const { now } = limits;
  const index = createEntryIndex(store, limits);
  const writtenDownAt = new Map<string, number>();
  let warmNames: ReadonlyMap<string, unknown> = new Map();

  const get = async (key: string): Promise<unknown> => {
    const value = warmNames.get(key) ?? (await store.get(key));
    if (value === undefined) return undefined;
    if (now() - (writtenDownAt.get(key) ?? -Infinity) > USE_PRECISION_MS) {
      writtenDownAt.set(key, now());
      void index.touch(key); // Nothing waits for it.
    }
    return value;
  };

  /** Reads an entry. If `read` cannot use it, the entry is removed, and is made again later. */
  const getAs = async <T>(
    key: string,
    read: (value: unknown) => T | undefined,
  ): Promise<T | undefined> => {
    const value = await get(key);
    if (value === undefined) return undefined;
    const found = read(value);
    if (found === undefined) await store.delete([key]);
    return found;
  };

  const set = async (key: string, value: unknown, bytes: number): Promise<void> => {
    const entryBytes = bytes + ENTRY_OVERHEAD_BYTES;
    if (entryBytes > limits.maxBytes) return;
    await store.set(key, value);
    const evicted = await index.add(key, entryBytes);
    writtenDownAt.set(key, now());
    if (evicted.length > 0) await store.delete(evicted);
  };

  return {
    async warm() {
      const keys = (await index.keysByUse())
        .filter((key) => key.startsWith(nameKey("")))
        .slice(0, MAX_WARM_NAMES);
      const names = await Promise.all(keys.map((key) => store.get(key)));
      warmNames = new Map(keys.map((key, at) => [key, names[at]]));
    },
    recognise: (name) => getAs(nameKey(name), (value) => readStored(knownImage, value)),
    name: (name, image) => set(nameKey(name), image, 0),
    getFeatures: (key, shape) =>
      getAs(featuresKey(key), (value) => {
        const found = readStored(imageFeatures, value);
        return found && hasShape(found, shape) ? found : undefined;
      }),
    setFeatures: (key, features) => set(featuresKey(key), features, features.values.byteLength),
    usedBytes: () => index.usedBytes(),
    async clear() {
      writtenDownAt.clear();
      warmNames = new Map();
      await store.clear();
      index.forget();
    },
  };
}

/** Whether features have the right shape and only finite numbers. One NaN would spoil every position of the answer. */
function hasShape({ tokens, values }: StoredFeatures, shape: FeaturesShape): boolean {
  const { hidden = values.length / tokens } = shape;
  if (tokens !== shape.tokens || hidden < 1 || values.length !== tokens * hidden) return false;
  return Number.isInteger(hidden) && values.every(Number.isFinite);
}
