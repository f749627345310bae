/** Addresses that need no network: `data:` holds the bytes itself, `blob:` names some of this browser's. */

const LOCAL = /^\s*(data|blob):/i;

export const isLocalAddress = (url: string): boolean => LOCAL.test(url);

export const isDataAddress = (url: string): boolean => /^\s*data:/i.test(url);

export const isBlobAddress = (url: string): boolean => /^\s*blob:/i.test(url);

/** An address as errors show it: without query, fragment, user name and password, and without a whole file in it. */
export function shownAddress(url: string): string {
  return isDataAddress(url) ? "data:" : url.replace(/[?#].*$/s, "").replace(USER_INFO, "$1");
}

/** What stands between the scheme and the last `@` before the path. Browsers read a backslash as a slash. */
const USER_INFO = /^(\s*(?:[a-z][a-z0-9+.-]*:)?[/\\]{2,})[^/\\]*@/i;
