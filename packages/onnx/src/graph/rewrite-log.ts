/** Notes why a graph is not changed, in words. */

import type { RewriteName, RewriteReport } from "./rewrite-report.ts";

/** Reasons differ little from layer to layer; a file must not be able to give endless ones. */
const MAX_REASONS = 8;

export class RewriteLog {
  readonly #reasons = new Map<RewriteName, Set<string>>();

  miss(name: RewriteName, reason: string): void {
    const reasons = this.#reasons.get(name) ?? new Set();
    if (reasons.size < MAX_REASONS) reasons.add(reason);
    this.#reasons.set(name, reasons);
  }

  report(name: RewriteName, applied: number): RewriteReport {
    return { name, applied, missed: [...(this.#reasons.get(name) ?? [])] };
  }
}

const MAX_SHOWN = 80;

/** A name out of a file, as part of a sentence. */
export function shown(name: string): string {
  const text = name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}…` : name;
  return text.replaceAll(/[^ -~…]/g, "?");
}
