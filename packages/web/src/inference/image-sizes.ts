/** Chooses the size at which the encoder sees an image: the requested size, or one that this device encodes in time. */

import type { Device } from "../protocol/model-descriptor.ts";
import type { ImageDetail } from "../protocol/options.ts";

/** FastViTHD halves its input six times. */
const STEP = 64;

/** The smallest size that `auto` chooses, because little can be seen below it. */
const LEAST_AUTO_SIZE = 256;

/** How long encoding may take by default. On a GPU a user hardly notices it; on a CPU it is what is possible. */
const TARGET_MS: Readonly<Record<Device, number>> = { webgpu: 250, wasm: 2000 };

/** The speed is the median of this number of encodings. */
const REMEMBERED_SPEEDS = 5;

/** Estimates vary, so a size is kept until it takes this much longer than allowed, or until the next size fits. */
const TOLERANCE = 1.25;

export interface ImageSizes {
  choose(wanted: { detail: ImageDetail | undefined; targetLatencyMs: number | undefined }): number;
  /** Records how long the encoder took for an image of this size. */
  noteEncoding(image: { size: number }, milliseconds: number): void;
}

export interface ImageSizesOptions {
  readonly device: Device;
  /** The model's own size. */
  readonly largest: number;
  /** Whether the encoder takes other sizes than the model's own. */
  readonly isFree: boolean;
}

export function createImageSizes({ device, largest, isFree }: ImageSizesOptions): ImageSizes {
  const least = Math.min(LEAST_AUTO_SIZE, largest);
  const speeds: number[] = []; // milliseconds a pixel, the oldest first
  let current = device === "webgpu" ? largest : Math.max(least, toStep(largest / 2));

  const chooseAuto = (targetMs: number): number => {
    const speed = median(speeds);
    if (speed === undefined) return current;
    const takes = (size: number): number => size * size * speed;
    while (current > least && takes(current) > targetMs * TOLERANCE) current -= STEP;
    while (current < largest && takes(current + STEP) <= targetMs) current += STEP;
    return current;
  };

  return {
    choose({ detail = "high", targetLatencyMs = TARGET_MS[device] }) {
      if (!isFree || detail === "high") return largest;
      if (detail === "low") return toStep(largest / 4);
      if (detail === "medium") return toStep(largest / 2);
      if (detail === "auto") return chooseAuto(targetLatencyMs);
      return detail;
    },
    noteEncoding({ size }, milliseconds) {
      speeds.push(milliseconds / (size * size));
      if (speeds.length > REMEMBERED_SPEEDS) speeds.shift();
    },
  };
}

/** Limits a size to that of the image, because `auto` never enlarges an image. */
export function capToImage(
  size: number,
  { width, height }: { width: number; height: number },
): number {
  return Math.min(size, Math.max(STEP, Math.ceil(Math.max(width, height) / STEP) * STEP));
}

function toStep(size: number): number {
  return Math.max(STEP, Math.round(size / STEP) * STEP);
}

function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
