/** The token that callers have to send. It is never an argument, because those are in lists of processes. */

import { readFileSync } from "node:fs";
import type { Arguments } from "./read-arguments.ts";

/** Shorter ones can be guessed. */
const LEAST_LENGTH = 16;

/** The names of this machine's own address. */
const LOCAL = ["127.0.0.1", "::1", "localhost"];

/**
 * @returns undefined where nobody needs one
 * @throws {TypeError} when others can reach the address and there is no token; when it is short or has other characters than a header
 */
export function readToken(
  { tokenFile, noToken, host }: Pick<Arguments, "tokenFile" | "noToken" | "host">,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const text =
    tokenFile === undefined ? environment["FASTVLM_TOKEN"] : readFileSync(tokenFile, "utf8");
  const token = text?.trim();
  if (token !== undefined) {
    if (noToken) throw new TypeError("There is a token, and --no-token. Leave one of them out.");
    if (token.length >= LEAST_LENGTH && /^[A-Za-z0-9._~+/-]+=*$/.test(token)) return token;
    throw new TypeError(
      `The token needs at least ${String(LEAST_LENGTH)} characters, of A-Z a-z 0-9 . _ ~ + / - alone.`,
    );
  }
  if (noToken || LOCAL.includes(host)) return undefined;
  throw new TypeError(
    `Others can reach ${host}: set FASTVLM_TOKEN or --token-file, or let everybody in with --no-token.`,
  );
}
