/** Asks the browser not to evict what is stored. It may say no, and it may ask the user. */

import type { Recorder } from "../metrics/recorder.ts";

export async function askToPersist(recorder: Recorder): Promise<void> {
  // The type says that it always exists, but pages without https do not have it.
  const storage = (navigator as { storage?: StorageManager }).storage;
  const isPersisted = await storage?.persist().catch(() => false);
  if (isPersisted !== undefined) recorder.record("vlm.storage.persisted", isPersisted ? 1 : 0);
}
