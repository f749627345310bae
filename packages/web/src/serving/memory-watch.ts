/**
 * Looks from time to time how much memory the page takes with its workers. Over the app's limit, it first has the caches
 * dropped, and if that was not enough, the worker ended as soon as nobody needs it: before the browser ends the page.
 */

/** What a browser tells about memory. */
export interface MemoryReading {
  readonly bytes: number;
  /**
   * `agents`: the page with its workers. `page-heap`: only the JavaScript of the page, which is less. Neither includes the
   * memory of WebAssembly, as measured in Chromium 156.
   */
  readonly source: "agents" | "page-heap";
}

/** @returns undefined where the browser tells nothing */
export type MeasureMemory = () => Promise<MemoryReading | undefined>;

export interface MemoryWatchOptions {
  /** undefined for no limit. Nothing is measured then. */
  readonly maxBytes: number | undefined;
  readonly measure: MeasureMemory;
  /** Below the limit. */
  readonly onRelief: () => void;
  /** Over the limit: frees what can be computed again. */
  readonly dropCaches: (reading: MemoryReading) => void;
  /** Still over the limit: ends the worker, if it is idle. */
  readonly unload: (reading: MemoryReading) => void;
}

/** The least time between two measurements, in milliseconds. One may make the browser collect garbage. */
export const MEASURE_EVERY_MS = 60_000;

export class MemoryWatch {
  readonly #options: MemoryWatchOptions;
  #measuredAt = -Infinity;
  #hasDroppedCaches = false;
  /** The last measurement; undefined where the browser has told nothing yet. */
  latest: MemoryReading | undefined;

  constructor(options: MemoryWatchOptions) {
    this.#options = options;
  }

  /** Called whenever no call runs. */
  async check(): Promise<void> {
    const { maxBytes, measure, onRelief, dropCaches, unload } = this.#options;
    const now = performance.now();
    if (maxBytes === undefined || now - this.#measuredAt < MEASURE_EVERY_MS) return;
    this.#measuredAt = now;
    const reading = await measure();
    if (!reading) return;
    this.latest = reading;
    if (reading.bytes <= maxBytes) {
      this.#hasDroppedCaches = false;
      onRelief();
    } else if (this.#hasDroppedCaches) unload(reading);
    else {
      this.#hasDroppedCaches = true;
      dropCaches(reading);
    }
  }
}

/** What only some browsers have, and TypeScript does not know. */
interface MemoryPerformance {
  readonly measureUserAgentSpecificMemory?: () => Promise<{ readonly bytes: number }>;
  readonly memory?: { readonly usedJSHeapSize: number };
}

/** Chromium tells about workers too, but only a page that is cross-origin isolated; it may take half a minute. */
export const measureMemory: MeasureMemory = async () => {
  const browser = performance as MemoryPerformance;
  if (browser.measureUserAgentSpecificMemory && globalThis.crossOriginIsolated) {
    try {
      const { bytes } = await browser.measureUserAgentSpecificMemory();
      return { bytes, source: "agents" };
    } catch {
      // A SecurityError, where the page's frame may not measure.
    }
  }
  if (!browser.memory) return undefined;
  return { bytes: browser.memory.usedJSHeapSize, source: "page-heap" };
};
