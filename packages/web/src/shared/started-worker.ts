/**
 * Creates an app's worker, also of a script of another origin, and notes the address of its script, which the platform does
 * not tell afterwards.
 */

import { toStartableUrl } from "./worker-script.ts";

export interface StartedWorker<W> {
  /** Undefined where the browser, or the app's own function, threw. */
  readonly worker: W | undefined;
  /** As the app gave it; undefined if the app's function created no `Worker`. */
  readonly address: string | undefined;
  /** What was thrown. */
  readonly refusal?: unknown;
}

/** @param create the app's function. While it runs, and no longer, `Worker` is the kit's */
export function startNoted<W>(create: () => W): StartedWorker<W> {
  const scope = globalThis as { Worker?: typeof Worker }; // Node, where tests run, has none.
  const Plain = scope.Worker;
  let address: string | undefined;
  if (Plain) {
    scope.Worker = new Proxy(Plain, {
      construct(target, [url, options]: [string | URL, WorkerOptions?], newTarget) {
        address = String(url);
        const given = [toStartableUrl(url, options), options];
        return Reflect.construct(target, given, newTarget) as Worker;
      },
    });
  }
  try {
    return { worker: create(), address };
  } catch (refusal) {
    return { worker: undefined, address, refusal };
  } finally {
    if (Plain) scope.Worker = Plain;
  }
}
