/** The part in the page: runs the functions of a test there, and keeps what their handles stand for. */

import type { decode, encode, HandleName } from "./values.ts";

/** What became of a call: nothing yet, a result, or what was thrown. */
export type Outcome =
  | { readonly state: "running" | "lost" }
  | { readonly state: "done"; readonly value: unknown }
  | { readonly state: "failed"; readonly message: string };

export interface PageAgent {
  /**
   * Begins a call. `keep` makes the result a handle's.
   * @param argument encoded
   */
  begin(id: number, work: unknown, argument: unknown, keep: boolean): void;
  /** An {@link Outcome} as JSON. One that is final is given once. */
  take(id: number): string;
}

/** Refers to nothing outside of itself: its text runs in the page. */
export function createAgent(toWire: typeof encode, fromWire: typeof decode): PageAgent {
  const kept = new Map<number, unknown>();
  const outcomes = new Map<number, Outcome>();
  const explain = (thrown: unknown): string => {
    const { name, message, stack } = (thrown ?? {}) as Partial<Error>;
    if (name === undefined || message === undefined) return String(thrown);
    return `${name}: ${message}\n${stack ?? ""}`;
  };
  const call = async (work: unknown, argument: unknown): Promise<unknown> => {
    const [own, given] = fromWire(argument, ({ handle }: HandleName) => kept.get(handle)) as [
      unknown[],
      unknown,
    ];
    const run = work as (...values: unknown[]) => unknown;
    return typeof work === "function" ? await run(...own, given) : work;
  };
  return {
    begin(id, work, argument, keep) {
      outcomes.set(id, { state: "running" });
      void call(work, argument)
        .then((value) => {
          if (!keep) return toWire(value, () => undefined);
          kept.set(id, value);
          return null;
        })
        .then(
          (value) => outcomes.set(id, { state: "done", value }),
          (thrown: unknown) => outcomes.set(id, { state: "failed", message: explain(thrown) }),
        );
    },
    take(id) {
      const outcome = outcomes.get(id) ?? { state: "lost" };
      if (outcome.state !== "running") outcomes.delete(id);
      return JSON.stringify(outcome);
    },
  };
}
