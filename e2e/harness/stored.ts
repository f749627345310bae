/** What lies in the models' database, seen and changed behind the kit's back. */

// Not part of the published packages: the kit's own connection, to its own database.
import { createIndexedDbStore } from "../../packages/web/src/storage/indexed-db-store.ts";

/** One stored part of a file. */
export interface StoredShard {
  readonly key: string;
  /** `id@revision` */
  readonly model: string;
  readonly path: string;
  readonly index: number;
}

const store = createIndexedDbStore("fastvlm-kit-models");

/** Every stored part of every file, whole or not. */
async function listShards(): Promise<StoredShard[]> {
  return (await store.keys()).flatMap((key) => {
    const [kind, model, path, index] = key.split("|");
    if (kind !== "shard") return [];
    return {
      key,
      model: decodeURIComponent(model!),
      path: decodeURIComponent(path!),
      index: Number(index),
    };
  });
}

/** SHA-256 of every file of a model, as its stored parts make it; of whole files only. */
async function hashFiles(model: { id: string; revision: string }): Promise<Record<string, string>> {
  const name = `${model.id}@${model.revision}`;
  const shards = (await listShards()).filter((shard) => shard.model === name);
  const hashes: Record<string, string> = {};
  for (const key of await store.keys()) {
    const [kind, owner, encoded] = key.split("|");
    if (kind !== "file" || decodeURIComponent(owner!) !== name) continue;
    const path = decodeURIComponent(encoded!);
    const parts = shards.filter((shard) => shard.path === path).sort((a, b) => a.index - b.index);
    const bytes = await Promise.all(parts.map((part) => store.get(part.key) as Promise<BlobPart>));
    const whole = await new Blob(bytes).arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
    hashes[path] = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  return hashes;
}

export const stored = { ...store, hashFiles, listShards };
