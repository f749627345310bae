/** Chooses the size at which the encoder sees an image: the requested size, or one that this device encodes in time. */

import type { Device } from "../protocol/model-descriptor.ts";
import type { ImageForm } from "../families/family.ts";
import type { Size } from "../image/formats/size.ts";
import type { ImageSides } from "../protocol/image-sides.ts";
import type { ImageDetail } from "../protocol/options.ts";

/** How long encoding may take by default. On a GPU a user hardly notices it; on a CPU it is what is possible. */
const TARGET_MS: Readonly<Record<Device, number>> = { webgpu: 250, wasm: 2000 };

/** The speed is the median of this number of encodings. */
const REMEMBERED_SPEEDS = 5;

/** Estimates vary, so a size is kept until it takes this much longer than allowed, or until the next size fits. */
const TOLERANCE = 1.25;

export interface ImageSizes {
  choose(wanted: { detail: ImageDetail | undefined; targetLatencyMs: number | undefined }): number;
  /** Records how long the encoder took for a tile of this side. */
  noteEncoding(tile: { side: number }, milliseconds: number): void;
}

export interface ImageSizesOptions {
  readonly device: Device;
  readonly form: Pick<ImageForm, "sides" | "byDefault" | "encodedPixels">;
  /** The model's own size. */
  readonly largest: number;
  /** Whether the encoder takes other sizes than the model's own. */
  readonly isFree: boolean;
  /** What `auto` begins with, in pixels. */
  readonly first: Readonly<Record<Device, number>>;
}

export function createImageSizes(options: ImageSizesOptions): ImageSizes {
  const { device, form, largest, isFree, first } = options;
  const { step, leastAuto } = form.sides;
  const least = Math.min(leastAuto, largest);
  const toStep = (size: number): number => Math.max(step, Math.round(size / step) * step);
  const speeds: number[] = []; // milliseconds a pixel, the oldest first
  let current = first[device];

  const chooseAuto = (targetMs: number): number => {
    const speed = median(speeds);
    if (speed === undefined) return current;
    const takes = (size: number): number => form.encodedPixels(size) * speed;
    while (current > least && takes(current) > targetMs * TOLERANCE) current -= step;
    while (current < largest && takes(current + step) <= targetMs) current += step;
    return current;
  };

  return {
    choose({ detail = form.byDefault.detail, targetLatencyMs = TARGET_MS[device] }) {
      if (!isFree || detail === "high") return largest;
      if (detail === "low") return toStep(largest / 4);
      if (detail === "medium") return toStep(largest / 2);
      if (detail === "auto") return chooseAuto(targetLatencyMs);
      return detail;
    },
    noteEncoding({ side }, milliseconds) {
      speeds.push(milliseconds / (side * side));
      if (speeds.length > REMEMBERED_SPEEDS) speeds.shift();
    },
  };
}

/** Limits a size to that of the image, because `auto` never enlarges an image. */
export function capToImage(
  size: number,
  { width, height }: Size,
  { step }: Pick<ImageSides, "step">,
): number {
  return Math.min(size, Math.max(step, Math.ceil(Math.max(width, height) / step) * step));
}

function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
