/** What the fields of a manifest may hold: hashes, sizes, paths and names, whoever wrote them. */

const SHA256 = /^[0-9a-f]{64}$/;
const COMMIT = /^[0-9a-f]{40}$/;

/** SHA-256 as lower-case hex. An empty string is none. */
export function isSha256(value: unknown): value is string {
  return typeof value === "string" && SHA256.test(value);
}

/** A git commit, or another hash of 40 lower-case hex digits. */
export function isCommit(value: unknown): value is string {
  return typeof value === "string" && COMMIT.test(value);
}

/** A file's size: no model has an empty file. */
export function isByteCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

const MAX_PATH_LENGTH = 512;
const SEGMENT = /^[\w.+=@~()-]+$/;
const DOTS = /^\.+$/;

/** Whether a part of a path would lead to the folder itself, or out of it. */
export function isDots(segment: string): boolean {
  return DOTS.test(segment);
}

/**
 * A relative path that means the same as a key, in a URL and in a file system: no `..`, no empty
 * part, nothing that one of them would decode, cut or resolve, and no name that every object has.
 */
export function isSafePath(value: unknown): value is string {
  if (typeof value !== "string" || value.length > MAX_PATH_LENGTH) return false;
  if (value in Object.prototype) return false;
  return value.split("/").every((segment) => SEGMENT.test(segment) && !isDots(segment));
}

const MAX_NAME_LENGTH = 256;
/** Control and format characters (zero width, direction), whitespace, halves of surrogate pairs. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Z}\p{Cs}]/u;

/** A name that can be part of a cache key: not empty, nothing invisible in it, and no part that is only dots. */
export function isCacheName(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value !== "" &&
    value.length <= MAX_NAME_LENGTH &&
    !UNFIT.test(value) &&
    !value.split(/[\\/]/).some(isDots)
  );
}

/** The folder that a file of a model is in, with a slash at its end; `""` for the model's own. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}
