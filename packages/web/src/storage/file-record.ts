/** What is written down about a file: how it is cut into shards, and what it is when it is whole. */

/** How a file is cut. All shards but the last have `shardBytes` bytes. */
export interface FileShape {
  readonly bytes: number;
  readonly shardBytes: number;
}

/** A file that is arriving. What is stored under another plan is not of this file. */
export interface FilePlan extends FileShape {
  /** The server's name for these bytes, where it shows one. */
  readonly etag: string | undefined;
  /** As the model's manifest gives it. */
  readonly sha256: string | undefined;
}

/** A whole file. */
export interface FileRecord extends FileShape {
  /** SHA-256 of every shard, in order. */
  readonly shards: readonly string[];
  /** SHA-256 of the whole, where the manifest gave one. */
  readonly sha256: string | undefined;
}

/** How many shards a file has. An empty file has none. */
export function countShards({ bytes, shardBytes }: FileShape): number {
  return Math.ceil(bytes / shardBytes);
}

/** Bytes of one shard. */
export function shardLength({ bytes, shardBytes }: FileShape, index: number): number {
  return Math.min(shardBytes, bytes - index * shardBytes);
}
