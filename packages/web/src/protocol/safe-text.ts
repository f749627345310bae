/**
 * A text of the platform or of a library, as errors may show it: addresses without query, fragment, user name and
 * password; no files in `data:` addresses, no folders of the machine that built a library, and no bearer tokens.
 */
export function toSafeText(text: string): string {
  return text
    .replace(DATA_ADDRESS, "data:")
    .replace(
      ADDRESS,
      (_, scheme: string, rest: string) =>
        scheme + rest.replace(/[?#].*$/s, "").replace(USER_INFO, ""),
    )
    .replace(BUILD_PATH, "$1…/")
    .replace(/\b(bearer|basic)\s+[\w+/.~-]{6,}=*/gi, "$1 …");
}

const DATA_ADDRESS = /\bdata:[^\s"'`<>]*/gi;

/** What stands after a colon, such as the line of a script, is a part of it too. */
const ADDRESS = /\b((?:https?|wss?):\/\/)([^\s"'`<>]+)/gi;

const USER_INFO = /^[^/]*@/;

/** Folders in which programs are built, with all below but the last name. */
const BUILD_PATH =
  /(^|[\s"'`(=:])(?:[a-z]:\\|\/)(?:mnt|home|users|root|tmp|var|builds?|opt)[\\/](?:[^\s"'`:()\\/]+[\\/])*/gi;
