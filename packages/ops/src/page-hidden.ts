/** The last moments at which a page surely runs: when it is hidden, and when it is left. */

/** @returns a function that ends it */
export function onPageHidden(callback: () => void): () => void {
  // A worker has no document, and Node has neither.
  if (!("document" in globalThis)) return () => undefined;
  const onChange = (): void => {
    if (document.visibilityState === "hidden") callback();
  };
  document.addEventListener("visibilitychange", onChange);
  addEventListener("pagehide", callback);
  return () => {
    document.removeEventListener("visibilitychange", onChange);
    removeEventListener("pagehide", callback);
  };
}
