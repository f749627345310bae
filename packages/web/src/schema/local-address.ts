/** Addresses that need no network: `data:` holds the bytes itself, `blob:` names some of this browser's. */

const LOCAL = /^\s*(data|blob):/i;

export const isLocalAddress = (url: string): boolean => LOCAL.test(url);

export const isDataAddress = (url: string): boolean => /^\s*data:/i.test(url);

export const isBlobAddress = (url: string): boolean => /^\s*blob:/i.test(url);

/**
 * An address as errors show it: where it leads and the name of the file. User name, password, folders, query and fragment
 * may hold keys, and so may a name without an ending or with a long part that means nothing; "…" stands for these.
 */
export function shownAddress(url: string): string {
  if (isDataAddress(url)) return "data:";
  const place = url.replace(/[?#].*$/s, "").replace(USER_INFO, "$1");
  const origin = ORIGIN.exec(place)?.[0] ?? "";
  const folders = place.slice(origin.length).split(/[/\\]/);
  const name = folders.pop() ?? "";
  const slash = folders[0] === "" ? "/" : "";
  const hidden = folders.some((folder) => folder !== "") ? "…/" : "";
  return origin + slash + hidden + shownName(name);
}

/** Scheme and host; a `blob:` address has two schemes. */
const ORIGIN = /^\s*(?:blob:)?(?:[a-z][a-z0-9+.-]*:)?(?:[/\\]{2}[^/\\]*)?/i;

const ENDING = /\.[a-z0-9]{1,5}$/i;
const MOST_OF_NAME = 64;
/** A run of letters and digits, or the beginning of a UUID, that nobody has chosen as a name. */
const RANDOM = /(?=[a-z]*\d)[a-z0-9]{16,}|[0-9a-f]{8}-[0-9a-f]{4}-/i;

function shownName(name: string): string {
  const ending = ENDING.exec(name)?.[0];
  if (ending === undefined) return name === "" ? "" : "…";
  return name.length > MOST_OF_NAME || RANDOM.test(name) ? `…${ending}` : name;
}

/** What stands between the scheme and the last `@` before the path. Browsers read a backslash as a slash. */
const USER_INFO = /^(\s*(?:[a-z][a-z0-9+.-]*:)?[/\\]{2,})[^/\\]*@/i;
