/** Whether an answer has the form that `format` asked for. A server promises it, and the kit looks. */

import type { ResolvedFormat } from "../protocol/options.ts";

export function hasForm(text: string, format: ResolvedFormat): boolean {
  const answer = text.trim();
  if ("options" in format) return format.options.includes(answer);
  if ("regex" in format) {
    return new RegExp(`^(?:${format.regex})$`, format.ignoreCase ? "i" : "").test(answer);
  }
  // What the schema says beyond this is the server's promise.
  return isJson(answer);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
