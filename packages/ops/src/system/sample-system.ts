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

/** Resolves to what could be read, perhaps after a minute. What the browser lacks or refuses is left out. */
export async function sampleMemory(): Promise<readonly Point[]> {
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

/** Resolves to what could be read, at once. What the browser lacks or refuses is left out. */
export async function sampleStorage(): Promise<readonly Point[]> {
  // The type says that it always exists, but pages without https do not have it.
  const storage = (globalThis.navigator as Partial<Navigator> | undefined)?.storage;
  if (!storage?.estimate) return [];
  try {
    const [{ usage, quota }, isPersisted] = await Promise.all([
      storage.estimate(),
      storage.persisted(),
    ]);
    const gauge = (name: string, unit: string, value: number, attributes = {}): Point => ({
      name,
      unit,
      value,
      attributes,
    });
    // The SDK reports what the kit alone has stored under the same name.
    const ofOrigin = { "vlm.scope": "origin" };
    return [
      ...(usage === undefined ? [] : [gauge("vlm.storage.usage", "By", usage, ofOrigin)]),
      ...(quota === undefined ? [] : [gauge("vlm.storage.quota", "By", quota)]),
      gauge("vlm.storage.persisted", "1", isPersisted ? 1 : 0),
    ];
  } catch (error) {
    if (error instanceof TypeError || error instanceof DOMException) return []; // An opaque origin has no storage.
    throw error;
  }
}
