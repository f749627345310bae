/** Tells which models any tab has loaded or downloads. It uses Web Locks, which end with the worker that holds them. */

import type { ModelKey } from "../storage/file-keys.ts";

/** Protects a model from eviction by other tabs, for the life of this worker. */
export function holdModelInUse(databaseName: string, model: ModelKey): void {
  if (!("locks" in navigator)) return;
  navigator.locks
    .request(
      `${inUsePrefix(databaseName)}${model}`,
      { mode: "shared" },
      () => new Promise(() => undefined),
    )
    .catch(() => undefined); // Pages without storage have no locks. In those nothing is evicted either.
}

/** The models that any tab uses. Without Web Locks the list is empty, because nothing is known of other tabs. */
export async function listModelsInUse(databaseName: string): Promise<string[]> {
  if (!("locks" in navigator)) return [];
  const { held = [] } = await navigator.locks.query().catch(() => ({ held: [] }));
  const prefixes = [inUsePrefix(databaseName), downloadLockName(databaseName, "")];
  return held.flatMap(({ name = "" }) =>
    prefixes.filter((prefix) => name.startsWith(prefix)).map(({ length }) => name.slice(length)),
  );
}

/** The name of the lock that the one worker holds which downloads a model. */
export function downloadLockName(databaseName: string, model: ModelKey | ""): string {
  return `fastvlm-kit.download:${databaseName}:${model}`;
}

function inUsePrefix(databaseName: string): string {
  return `fastvlm-kit.in-use:${databaseName}:`;
}
