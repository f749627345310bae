/** What an app may say of caching. */

/** Caching of model files and results, in IndexedDB. */
export interface CacheOptions {
  /** `memory` keeps nothing beyond this session. Default `indexed-db`. */
  readonly storage?: "indexed-db" | "memory";
  /** Names the databases. Default `fastvlm-kit`. */
  readonly name?: string;
  /** Results are dropped, least recently used first, above this many bytes. Default 4 MiB. */
  readonly maxResultBytes?: number;
  /** Results that were not asked for during this long are dropped. Default: they are kept. */
  readonly maxResultAgeMs?: number;
  /**
   * What the encoder made of images is dropped, least recently used first, above this many bytes: a
   * few hundred KB an image. Default 64 MiB.
   */
  readonly maxFeatureBytes?: number;
  /**
   * Models that are not in use are removed, least recently used first, while all together take more.
   * Default 4 GiB.
   */
  readonly maxModelBytes?: number;
  /** Models that were not loaded during this long are removed. Default: they are kept. */
  readonly maxModelAgeMs?: number;
  /**
   * Whether to ask the browser, once, after the first download, not to evict what is stored.
   * Default `true`; Firefox shows this to the user.
   */
  readonly askToPersist?: boolean;
}
