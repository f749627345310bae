/** Reads the newest frame of a video or a canvas, and waits until there is a new one. */

import { THUMBNAIL_SIDE } from "../image/tensor/frame-difference.ts";
import { sleep, waitFor } from "../shared/abortable-wait.ts";
import type { VideoSource } from "../api/watch.ts";

/** The part of the page that a watch uses. */
export interface FrameSource {
  /** The video or canvas, which always shows the newest frame. */
  readonly image: VideoSource;
  /** The time of the frame in the video, in seconds; undefined for a canvas. */
  readonly mediaTime: number | undefined;
  /** The newest frame as a small RGBA image. Undefined if the page may not read it; a question then fails with the reason. */
  thumbnail(): Uint8ClampedArray | undefined;
  /**
   * Waits while there is nothing to ask about: while the page is hidden, or the video is paused, has ended or has no data.
   *
   * @throws the signal's reason when it aborts first
   */
  whenLive(signal: AbortSignal): Promise<void>;
  /**
   * Waits for the next frame, or for a short time if the page cannot tell when there is one.
   *
   * @throws the signal's reason when it aborts first
   */
  whenNext(signal: AbortSignal): Promise<void>;
}

/** How often a frame is compared, in milliseconds. This is often enough for a question every half second. */
const LOOK_EVERY_MS = 100;

/**
 * The greatest share of the page's time that comparing frames may take. Without the help of a GPU, comparing one frame
 * takes 5 ms at 720p, 20 ms at 1080p and 60 ms at 4K (Chromium, two cores), because a browser converts the whole frame
 * before it shrinks it.
 */
const LOOK_SHARE = 0.05;

/** After this time a frame is compared anyway, because a video that is out of sight may not announce its frames. */
const LOOK_ANYWAY_AFTER_MS = 1000;

/** After each of these events, a video that was paused, had ended or had no data may show a new frame. */
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
      // Frames that arrive during this wait are skipped; only the last one is compared.
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

/** Also one of another window, of which `instanceof` would know nothing. */
function isCanvas(source: VideoSource): source is HTMLCanvasElement | OffscreenCanvas {
  return "getContext" in source;
}

function createThumbnailer(source: VideoSource): () => Uint8ClampedArray | undefined {
  const side = THUMBNAIL_SIDE;
  const context = new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true });
  if (!context) return () => undefined;
  // The default setting takes single pixels of the frame, so that noise makes three times the difference.
  context.imageSmoothingQuality = "medium";
  // Otherwise the frame before would show through transparent parts of a canvas.
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
