/** Options for caching, which an app gives to `createVlm` and `createModelLibrary`. */

/** How model files, features of images and results are cached. */
export interface CacheOptions {
  /** With `memory`, everything is lost when the session ends. Default `indexed-db`. */
  readonly storage?: "indexed-db" | "memory";
  /** The beginning of the databases' names. Sessions with the same name share what is stored. Default `fastvlm-kit`. */
  readonly name?: string;
  /** The greatest size of all stored results in bytes; the least recently used are dropped first. Default 4 MiB. */
  readonly maxResultBytes?: number;
  /** A result that was not asked for during this time is dropped, in milliseconds. Default: no limit. */
  readonly maxResultAgeMs?: number;
  /**
   * The greatest size of all stored features of images in bytes; the least recently used are dropped first. One image
   * takes a few hundred KB. Default 64 MiB.
   */
  readonly maxFeatureBytes?: number;
  /**
   * The greatest size of all stored models in bytes. When they take more, models that are not in use are removed,
   * the least recently used first. Default 4 GiB.
   */
  readonly maxModelBytes?: number;
  /** A model that was not loaded during this time is removed, in milliseconds. Default: no limit. */
  readonly maxModelAgeMs?: number;
  /**
   * Whether the kit asks the browser not to evict what is stored. It asks once, after the first download; Firefox then
   * asks the user. Default `true`.
   */
  readonly askToPersist?: boolean;
}
