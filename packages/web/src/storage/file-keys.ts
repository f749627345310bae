/**
 * Where what is kept of a model: under keys that begin with their kind, with every part encoded, so
 * that no name can be mistaken for another. Revisions of a model live side by side.
 */

/** A model's revision in keys: `id@revision`. */
export type ModelKey = string & { readonly kind: "model-key" };

/** One file of one revision. */
export interface FileKey {
  readonly model: ModelKey;
  readonly path: string;
}

/** A stored part of a file, read from its key. */
export interface ShardName {
  readonly index: number;
  readonly sha256: string;
}

export function modelKey({ id, revision }: { id: string; revision: string }): ModelKey {
  return `${encodeURIComponent(id)}@${encodeURIComponent(revision)}` as ModelKey;
}

/** A file in keys: `id@revision|path`. */
export function fileIdOf({ model, path }: FileKey): string {
  return `${model}|${encodeURIComponent(path)}`;
}

/** The commit that a model's branch or tag was found to be at, under the branch's own key. */
export const COMMIT_PREFIX = "commit|";
export const commitKey = (model: ModelKey): string => `${COMMIT_PREFIX}${model}`;

/** What is known of a model as a whole. */
export const MODEL_PREFIX = "model|";
export const modelRecordKey = (model: ModelKey): string => `${MODEL_PREFIX}${model}`;

/** A whole file: written last, when all of its shards are stored. */
export const fileRecordKey = (file: FileKey): string => `file|${fileIdOf(file)}`;

/** A file that is arriving. */
export const planKey = (file: FileKey): string => `plan|${fileIdOf(file)}`;

/** The hashes that later downloads of a file are held to; outlives its bytes. */
export const trustKey = (file: FileKey): string => `trust|${fileIdOf(file)}`;

/** What was found out about one variant of a model on this device. */
export const verdictKey = (model: ModelKey, variant: string): string =>
  `verdict|${model}|${encodeURIComponent(variant)}`;

/** One shard. Its hash is in the key: what is there can be listed without reading any of it. */
export const shardKey = (file: FileKey, { index, sha256 }: ShardName): string =>
  `${shardPrefix(file)}${String(index)}|${sha256}`;

export const shardPrefix = (file: FileKey): string => `shard|${fileIdOf(file)}|`;

/** @returns undefined for keys of anything else */
export function parseShardKey(file: FileKey, key: string): ShardName | undefined {
  const prefix = shardPrefix(file);
  if (!key.startsWith(prefix)) return undefined;
  const [index, sha256] = key.slice(prefix.length).split("|");
  return sha256 === undefined ? undefined : { index: Number(index), sha256 };
}

/** @returns undefined for keys of anything else */
export function fileIdOfShard(key: string): string | undefined {
  const [kind, model, path] = key.split("|", 3);
  return kind === "shard" ? `${model!}|${path!}` : undefined;
}

/** Whether `key` holds anything of this model, its trusted hashes included. */
export function belongsTo(model: ModelKey, key: string): boolean {
  return key.split("|")[1] === model;
}
