/** A fake for pages in a browser, where an app calls `createVlm` itself. */

import { createScriptedWorker, type FakeWorker } from "./fake-worker.ts";
import type { FakeScript } from "./script.ts";

/**
 * Returns workers without a model, for the option `worker` of the real `createVlm` in a browser. Everything in the page is
 * real, the reading of images too. For tests without a browser there is {@link createFakeVlm}.
 *
 * It writes a warning to the console of the page, so that nobody takes scripted answers for a model's.
 *
 * @example
 * const fake = createFakeWorker({ captions: { brief: "A cat on a mat." } });
 * const vlm = await createVlm({ worker: fake.worker, model: fakeModel() });
 */
export function createFakeWorker(script: FakeScript): FakeWorker {
  console.warn(
    "@fastvlm-kit/web/testing: this page has a fake worker. A test wrote its answers; no model runs.",
  );
  return createScriptedWorker(script);
}
