/** Trusted Types: a policy of the page may forbid that a worker is started from a plain address. */

/** The name that an app lists in `trusted-types` of its Content-Security-Policy. */
const POLICY_NAME = "fastvlm-kit";

/** The part of the platform that is used here; TypeScript's own declarations lack it. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { readonly createScriptURL: (url: string) => string },
  ): { createScriptURL(url: string): unknown };
}

let policy: ReturnType<TrustedTypes["createPolicy"]> | undefined;

/**
 * An address from which this realm may start a worker, if it is of this origin. Where browsers have no Trusted Types, or
 * where the Content-Security-Policy does not list this policy's name, it is the address as it was; starting the worker
 * then fails if the page demands trusted addresses.
 */
export function toTrustedScriptUrl(url: string | URL): string | URL {
  const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes };
  if (!trustedTypes) return url;
  try {
    policy ??= trustedTypes.createPolicy(POLICY_NAME, { createScriptURL: assertOwn });
  } catch {
    return url; // The name is not listed, or another copy of the kit has taken it.
  }
  return policy.createScriptURL(String(url)) as string;
}

/** A `blob:` address has the origin of the page that made it. */
function assertOwn(url: string): string {
  const { href, origin } = globalThis.location;
  if (new URL(url, href).origin === origin) return url;
  throw new TypeError("A worker of the kit may only start from a script of its own origin");
}
