/** Records in words why parts of a graph are not changed. */

import type { RewriteName, RewriteReport } from "./rewrite-report.ts";

/** The greatest number of reasons. Layers differ little, and a file must not be able to fill the log. */
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

/** A name from a file, shortened for use in a sentence. */
export function shown(name: string): string {
  const text = name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}…` : name;
  return text.replaceAll(/[^ -~…]/g, "?");
}
