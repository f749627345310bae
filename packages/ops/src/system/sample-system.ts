/** Reads what the browser tells of memory and storage. */

import type { Point } from "../series/series.ts";

/** Parts that not every browser has. */
interface MemoryPerformance {
  /**
   * Chromium, on a page that is cross-origin isolated: the page and its workers. Chromium 156 does not count the memory of
   * WebAssembly, and answers when it has collected its garbage, which may be a minute later.
   */
  readonly measureUserAgentSpecificMemory?: () => Promise<{ readonly bytes: number }>;
  /** Chromium: the page's own JavaScript. */
  readonly memory?: { readonly usedJSHeapSize: number };
}

/** Resolves to what could be read. What the browser lacks or refuses is left out. */
export async function sampleSystem(): Promise<readonly Point[]> {
  const points = await Promise.all([sampleMemory(), sampleStorage()]);
  return points.flat();
}

async function sampleMemory(): Promise<readonly Point[]> {
  const { memory } = performance as MemoryPerformance;
  const point = (value: number, scope: string): Point => ({
    name: "vlm.page.memory",
    unit: "By",
    value,
    attributes: { "vlm.scope": scope },
  });
  const all = await measureAll();
  if (all !== undefined) return [point(all, "page-and-workers")];
  return memory ? [point(memory.usedJSHeapSize, "page")] : [];
}

async function measureAll(): Promise<number | undefined> {
  const measured = performance as MemoryPerformance;
  if (!measured.measureUserAgentSpecificMemory || !globalThis.crossOriginIsolated) return undefined;
  try {
    return (await measured.measureUserAgentSpecificMemory()).bytes;
  } catch (error) {
    if (error instanceof DOMException) return undefined; // A `SecurityError` where isolation is not complete.
    throw error;
  }
}

async function sampleStorage(): Promise<readonly Point[]> {
  // The type says that it always exists, but pages without https do not have it.
  const storage = (globalThis.navigator as Partial<Navigator> | undefined)?.storage;
  if (!storage?.estimate) return [];
  try {
    const [{ usage, quota }, isPersisted] = await Promise.all([
      storage.estimate(),
      storage.persisted(),
    ]);
    const gauge = (name: string, unit: string, value: number): Point => ({
      name,
      unit,
      value,
      attributes: {},
    });
    return [
      ...(usage === undefined ? [] : [gauge("vlm.storage.usage", "By", usage)]),
      ...(quota === undefined ? [] : [gauge("vlm.storage.quota", "By", quota)]),
      gauge("vlm.storage.persisted", "1", isPersisted ? 1 : 0),
    ];
  } catch (error) {
    if (error instanceof TypeError || error instanceof DOMException) return []; // An opaque origin has no storage.
    throw error;
  }
}
