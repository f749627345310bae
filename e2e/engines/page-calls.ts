/** Runs the functions of a test in a page: Playwright's `evaluate`, and its handles. */

import { setTimeout as wait } from "node:timers/promises";
import type { EngineWindow } from "./engine.ts";
import { createAgent, type Outcome } from "./page-agent.ts";
import { decode, encode, type HandleName } from "./values.ts";

export type Work = string | ((...values: never[]) => unknown);

/** Playwright's time for `waitForFunction` and navigations. */
export const DEFAULT_TIMEOUT_MS = 30_000;

/** Asks often at first: most calls end at once. */
const FIRST_DELAY_MS = 2;
export const LONGEST_DELAY_MS = 50;

/** One name for the agent in every page. Its text comes with each call, since a navigation ends it. */
const AGENT = `(globalThis[Symbol.for("test-agent")] ??= (${String(createAgent)})(${String(encode)}, ${String(decode)}))`;
const EXISTING_AGENT = `globalThis[Symbol.for("test-agent")]`;
const LOST = JSON.stringify({ state: "lost" } satisfies Outcome);

/** Unique in this process, so that no document answers for the one before it. */
let lastCall = 0;

/** A value that stays in the page: Playwright's `JSHandle`. */
class Handle {
  readonly name: HandleName;
  readonly #window: EngineWindow;

  constructor(window: EngineWindow, name: HandleName) {
    this.name = name;
    this.#window = window;
  }

  evaluate(work: Work, argument?: unknown): Promise<unknown> {
    return call(this.#window, work, [this], argument);
  }

  evaluateHandle(work: Work, argument?: unknown): Promise<Handle> {
    return callAndKeep(this.#window, work, [this], argument);
  }

  jsonValue(): Promise<unknown> {
    return this.evaluate((value: unknown) => value);
  }

  /** The values of a page end with its document. */
  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

export async function call(
  window: EngineWindow,
  work: Work,
  own: readonly Handle[],
  argument: unknown,
): Promise<unknown> {
  const { value } = await finish(window, begin(work, own, argument, false));
  return decode(value, () => undefined);
}

export async function callAndKeep(
  window: EngineWindow,
  work: Work,
  own: readonly Handle[],
  argument: unknown,
): Promise<Handle> {
  const begun = begin(work, own, argument, true);
  await finish(window, begun);
  return new Handle(window, { handle: begun.id });
}

interface Begun {
  readonly id: number;
  readonly expression: string;
}

function begin(work: Work, own: readonly Handle[], argument: unknown, keep: boolean): Begun {
  const id = ++lastCall;
  const nameOf = (value: object) => (value instanceof Handle ? value.name : undefined);
  const values = JSON.stringify(encode([own, argument], nameOf));
  const source = `(${String(work)}\n)`;
  const beginning = `${AGENT}.begin(${String(id)}, ${source}, ${values}, ${String(keep)})`;
  return { id, expression: `(${beginning}, "")` };
}

async function finish(
  window: EngineWindow,
  { id, expression }: Begun,
): Promise<{ value: unknown }> {
  await window.evaluate(expression);
  const take = `${EXISTING_AGENT} ? ${EXISTING_AGENT}.take(${String(id)}) : ${JSON.stringify(LOST)}`;
  for (let delay = FIRST_DELAY_MS; ; delay = Math.min(LONGEST_DELAY_MS, delay * 2)) {
    const outcome = JSON.parse(await window.evaluate(take)) as Outcome;
    switch (outcome.state) {
      case "done":
        return outcome;
      case "failed":
        throw new Error(`page.evaluate: ${outcome.message}`);
      case "lost":
        throw new Error("page.evaluate: Execution context was destroyed");
      case "running":
        await wait(delay);
    }
  }
}

export const notImitated = (what: string): string =>
  `Only Chromium is driven with all of Playwright: there is no ${what} here`;

/** Says of what is not imitated that it is not, instead of "is not a function". */
export function restrict<Imitation extends object>(imitation: Imitation, name: string): Imitation {
  return new Proxy(imitation, {
    get(target, key) {
      // A promise asks whether it was given another one.
      if (typeof key === "symbol" || key === "then" || key in target) {
        return Reflect.get(target, key) as unknown;
      }
      throw new Error(notImitated(`${name}.${key}`));
    },
  });
}
