/**
 * The keys under which everything about a model is stored. A key begins with its kind, and every part of it is encoded, so
 * that no two names can give the same key. Several revisions of a model can be stored.
 */

/** The part of keys that names a revision of a model: `id@revision`. */
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

/** The part of keys that names a file: `id@revision|path`. */
export function fileIdOf({ model, path }: FileKey): string {
  return `${model}|${encodeURIComponent(path)}`;
}

/** The commit that a model's branch or tag was at when the hub was asked. The key names the branch or tag. */
export const COMMIT_PREFIX = "commit|";
export const commitKey = (model: ModelKey): string => `${COMMIT_PREFIX}${model}`;

/** The record of a model. */
export const MODEL_PREFIX = "model|";
export const modelRecordKey = (model: ModelKey): string => `${MODEL_PREFIX}${model}`;

/** The record of a complete file. It is written last, when all shards are stored. */
export const fileRecordKey = (file: FileKey): string => `file|${fileIdOf(file)}`;

/** The plan of a file that is being downloaded. */
export const planKey = (file: FileKey): string => `plan|${fileIdOf(file)}`;

/** The hashes that later downloads of a file have to match. They stay when the file is deleted. */
export const trustKey = (file: FileKey): string => `trust|${fileIdOf(file)}`;

/** The verdict of the first load about one variant of a model on this device. */
export const verdictKey = (model: ModelKey, variant: string): string =>
  `verdict|${model}|${encodeURIComponent(variant)}`;

/** One shard. Its hash is in the key, so stored shards can be listed without reading them. */
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

/** @returns undefined for keys of anything but a shard */
export function shardHashOf(key: string): string | undefined {
  return key.startsWith("shard|") ? key.split("|")[4] : undefined;
}

/** The file of a plan, of a record of a complete file, or of a shard; undefined for keys of anything else. */
export function fileIdOfKey(key: string): string | undefined {
  const [kind, model, path] = key.split("|", 3);
  return kind === "plan" || kind === "file" || kind === "shard" ? `${model!}|${path!}` : undefined;
}

/** The kinds of keys whose records are written to a journal, too. */
const JOURNALED = ["model", "commit", "plan", "shard", "file", "trust", "verdict", "code"];

/** Whose journal has the record: that of a model, branch, or worker. Undefined for records that no journal has. */
export function ownerOf(key: string): string | undefined {
  const [kind, owner] = key.split("|", 2);
  return JOURNALED.includes(kind!) ? owner : undefined;
}

/** Whether everything of an owner is deleted when this key is. */
export function isHeadOfOwner(key: string): boolean {
  return [MODEL_PREFIX, COMMIT_PREFIX, "code|"].some((prefix) => key.startsWith(prefix));
}

/** Whether `key` belongs to this model; so do the keys of its trusted hashes. */
export function belongsTo(model: ModelKey, key: string): boolean {
  return key.split("|")[1] === model;
}
