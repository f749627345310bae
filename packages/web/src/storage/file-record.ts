/** The records of a file: how it is cut into shards, and its hashes when it is complete. */

/** How a file is cut into shards. All shards but the last have `shardBytes` bytes. */
export interface FileShape {
  readonly bytes: number;
  readonly shardBytes: number;
}

/** The plan of a file that is being downloaded. Shards that were stored under another plan do not belong to it. */
export interface FilePlan extends FileShape {
  /** The server's ETag for these bytes, if it has one. */
  readonly etag: string | undefined;
  /** The hash in the model's manifest, if it has one. */
  readonly sha256: string | undefined;
}

/** The record of a complete file. */
export interface FileRecord extends FileShape {
  /** SHA-256 of every shard, in order. */
  readonly shards: readonly string[];
  /** SHA-256 of the whole file, if the manifest has it. */
  readonly sha256: string | undefined;
  /** Of a file that this device made: of what, and how. Downloaded files have none. */
  readonly origin?: string;
}

/** How many shards a file has. An empty file has none. */
export function countShards({ bytes, shardBytes }: FileShape): number {
  return Math.ceil(bytes / shardBytes);
}

/** Bytes of one shard. */
export function shardLength({ bytes, shardBytes }: FileShape, index: number): number {
  return Math.min(shardBytes, bytes - index * shardBytes);
}
