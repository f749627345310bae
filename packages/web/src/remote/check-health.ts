/** Asks a server whether it is there. Nothing of a user is sent. */

import type { VlmError } from "../protocol/errors.ts";
import { nodeFailed } from "./node-failed.ts";
import type { NodeSettings } from "./node-settings.ts";
import { readKey } from "./read-key.ts";

/** A server that is well answers this at once, however busy it is. */
const CHECK_WITHIN_MS = 5_000;

/** @returns what is wrong; undefined if the server says that it is well */
export async function whyUnhealthy(
  node: Pick<NodeSettings, "name" | "healthUrl" | "isCheckedWithKey" | "apiKey">,
): Promise<VlmError<"node-failed"> | undefined> {
  const { name, healthUrl, isCheckedWithKey } = node;
  const key = isCheckedWithKey ? await readKey(node) : undefined;
  const signal = AbortSignal.timeout(CHECK_WITHIN_MS);
  try {
    const response = await fetch(healthUrl, {
      mode: "cors",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      redirect: "manual",
      cache: "no-store",
      ...(key !== undefined && { headers: { Authorization: `Bearer ${key}` } }),
      signal,
    });
    await response.body?.cancel();
    if (response.ok) return undefined;
    const isRedirect =
      response.type === "opaqueredirect" || Math.floor(response.status / 100) === 3;
    if (isRedirect) return nodeFailed(name, "redirect");
    return nodeFailed(name, "http-status", { status: response.status });
  } catch (cause) {
    // WebKit rejects with an error of its own, whatever the signal's reason is.
    const isTimeout = signal.aborted;
    return nodeFailed(name, isTimeout ? "timeout" : "network", { cause });
  }
}
