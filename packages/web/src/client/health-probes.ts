/** What `health()` has to ask somebody for. */

import type { LocalNode } from "../serving/local-node.ts";

/** @returns why the device fails its check, in English; undefined if it passes */
export async function whyDeviceFails(
  node: Pick<LocalNode, "checkDevice">,
  timeoutMs: number,
): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => {
      resolve(`The check of the device had not ended after ${String(timeoutMs)} ms.`);
    }, timeoutMs);
  });
  const checked = node.checkDevice().then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  try {
    return await Promise.race([checked, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** @returns undefined where the browser does not tell */
export async function estimateStorage(): Promise<StorageEstimate | undefined> {
  // Pages without https have no storage manager.
  // Older versions of Node have no `navigator`.
  const { navigator } = globalThis as { readonly navigator?: Partial<Navigator> };
  try {
    return await navigator?.storage?.estimate();
  } catch {
    return undefined; // A TypeError, where storage is refused to this page.
  }
}
