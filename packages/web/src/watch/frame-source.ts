/** The newest frame of a video or a canvas, and when it is worth a look. */

import { THUMBNAIL_SIDE } from "../image/tensor/frame-difference.ts";
import { sleep, waitFor } from "../shared/abortable-wait.ts";
import type { VideoSource } from "../api/watch.ts";

/** What a watch sees of the page. */
export interface FrameSource {
  /** Shows the newest frame to whoever reads it. */
  readonly image: VideoSource;
  /** The frame's place in the video, in seconds; a canvas has none. */
  readonly mediaTime: number | undefined;
  /** RGBA of the newest frame, small; undefined where the page may not read it, which asking tells best. */
  thumbnail(): Uint8ClampedArray | undefined;
  /**
   * Waits while there is nothing to ask about: the page is hidden, or the video is paused, at its end or
   * without data.
   *
   * @throws the signal's reason when it aborts first
   */
  whenLive(signal: AbortSignal): Promise<void>;
  /**
   * Waits for another frame than the one that was there at the call, or a while where that cannot be told.
   *
   * @throws the signal's reason when it aborts first
   */
  whenNext(signal: AbortSignal): Promise<void>;
}

/** Soon enough for a question every half second. */
const LOOK_EVERY_MS = 100;

/**
 * Of the page's time, at most. Where a GPU does not help, one look takes 5 ms at 720p, 20 ms at 1080p and
 * 60 ms at 4K (Chromium, two cores): a browser converts the whole frame before it shrinks it.
 */
const LOOK_SHARE = 0.05;

/** A video that is out of sight may not announce its frames. */
const LOOK_ANYWAY_AFTER_MS = 1000;

/** After each of these a video that was paused, at its end or without data may have a frame to show. */
const LIVE_EVENTS = ["play", "playing", "loadeddata", "canplay", "seeked", "timeupdate"];

/** @throws {TypeError} when it is neither a video nor a canvas */
export function toFrameSource(source: VideoSource): FrameSource {
  const video = source instanceof HTMLVideoElement ? source : undefined;
  if (!video && !isCanvas(source)) {
    throw new TypeError(
      `Expected \`video\` to be a video or canvas element, got \`${Object.prototype.toString.call(source)}\``,
    );
  }
  const readThumbnail = createThumbnailer(source);
  let lookTookMs = 0;
  const isLive = (): boolean =>
    document.visibilityState === "visible" && (!video || hasMovingImage(video));
  return {
    image: source,
    get mediaTime() {
      return video?.currentTime;
    },
    thumbnail() {
      const startedAt = performance.now();
      const thumbnail = readThumbnail();
      lookTookMs = performance.now() - startedAt;
      return thumbnail;
    },
    async whenLive(signal) {
      while (!isLive()) {
        await waitFor(signal, (resume) => {
          document.addEventListener("visibilitychange", resume);
          for (const type of LIVE_EVENTS) video?.addEventListener(type, resume);
          return () => {
            document.removeEventListener("visibilitychange", resume);
            for (const type of LIVE_EVENTS) video?.removeEventListener(type, resume);
          };
        });
      }
    },
    async whenNext(signal) {
      if (video && "requestVideoFrameCallback" in video) await nextFrameOf(video, signal);
      // Of the frames that come meanwhile the last one is looked at.
      await sleep(Math.max(LOOK_EVERY_MS, lookTookMs / LOOK_SHARE), signal);
    },
  };
}

function nextFrameOf(video: HTMLVideoElement, signal: AbortSignal): Promise<void> {
  return waitFor(signal, (resume) => {
    const frame = video.requestVideoFrameCallback(resume);
    const timer = setTimeout(resume, LOOK_ANYWAY_AFTER_MS);
    return () => {
      video.cancelVideoFrameCallback(frame);
      clearTimeout(timer);
    };
  });
}

function hasMovingImage(video: HTMLVideoElement): boolean {
  return !video.paused && !video.ended && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
}

function isCanvas(source: unknown): source is HTMLCanvasElement | OffscreenCanvas {
  return (
    source instanceof HTMLCanvasElement ||
    (typeof OffscreenCanvas !== "undefined" && source instanceof OffscreenCanvas)
  );
}

function createThumbnailer(source: VideoSource): () => Uint8ClampedArray | undefined {
  const side = THUMBNAIL_SIDE;
  const context = new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true });
  if (!context) return () => undefined;
  // The default picks single pixels out of the frame: noise makes three times the difference.
  context.imageSmoothingQuality = "medium";
  // What is transparent in a canvas must not show the frame before.
  context.globalCompositeOperation = "copy";
  return () => {
    try {
      context.drawImage(source, 0, 0, side, side);
      return context.getImageData(0, 0, side, side).data;
    } catch {
      return undefined;
    }
  };
}
