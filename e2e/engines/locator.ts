/** Playwright's `Locator`, as far as the tests use it, on a browser that Playwright does not drive here. */

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { EngineWindow } from "./engine.ts";
import { clickAt, pressKey } from "./input.ts";
import { call, DEFAULT_TIMEOUT_MS, restrict, type Work } from "./page-calls.ts";
import { createPageSelectors, type Attempt, type PageSelectors } from "./page-selectors.ts";
import {
  iso,
  readPageScript,
  type Comparison,
  type Expectation,
  type FilePayload,
} from "./playwright-parts.ts";

const POLL_MS = 100;

const SELECTORS = `globalThis[Symbol.for("test-selectors")]`;
const NOT_INSTALLED = "The page has no selectors yet";

const scripts: Partial<Record<EngineWindow["engine"], string>> = {};

/** Calls a function with what finds the elements of the page, which a new document does not have yet. */
export async function select<Argument, Result>(
  window: EngineWindow,
  work: string | ((selectors: PageSelectors, argument: Argument) => Result | Promise<Result>),
  argument: Argument,
): Promise<Result> {
  const source = `async (argument) => {
    if (!${SELECTORS}) throw new Error(${JSON.stringify(NOT_INSTALLED)});
    return (${String(work)})(${SELECTORS}, argument);
  }`;
  const run = () => call(window, source, [], argument) as Promise<Result>;
  try {
    return await run();
  } catch (error) {
    if (!(error as Error).message.includes(NOT_INSTALLED)) throw error;
  }
  const script = (scripts[window.engine] ??= readPageScript(window.engine));
  await window.evaluate(`(${SELECTORS} ??= (${String(createPageSelectors)})(${script}), "")`);
  return run();
}

/** A navigation may be under way, which ends an attempt with an error. These errors stay. */
const FINAL = /strict mode violation|while parsing selector|Unknown engine/;

/** Tries again until there is a result. */
async function untilDone<Value>(
  what: string,
  timeout: number,
  attempt: () => Promise<Attempt<Value>>,
): Promise<Value> {
  const deadline = Date.now() + timeout;
  for (;;) {
    let waitsFor: string;
    try {
      const outcome = await attempt();
      if (outcome.state === "done") return outcome.value;
      waitsFor = outcome.for;
    } catch (error) {
      waitsFor = (error as Error).message;
      if (FINAL.test(waitsFor)) throw new Error(`${what}: ${waitsFor}`, { cause: error });
    }
    if (Date.now() > deadline) {
      throw new Error(`${what}: Timeout ${String(timeout)}ms exceeded, waiting for ${waitsFor}`);
    }
    await wait(POLL_MS);
  }
}

interface Asked extends Omit<Expectation, "expression" | "isNot"> {
  readonly timeout: number;
  readonly isNot?: boolean;
}

/** What Playwright's `expect` asks for, of a locator or of a page. It gives the answer in Playwright's own form. */
export async function compare(
  window: EngineWindow,
  selector: string | undefined,
  expression: string,
  // A signal and a title, which Playwright gives too, are for its own report.
  { timeout, isNot = false, ...asked }: Asked,
): Promise<Comparison & { timedOut?: boolean; errorMessage?: string }> {
  const deadline = Date.now() + timeout;
  const { expectedNumber, expectedText, expectedValue, expressionArg, useInnerText } = asked;
  const values = { expectedNumber, expectedText, expectedValue, expressionArg, useInnerText };
  const expectation: Expectation = { expression, isNot, ...values };
  for (;;) {
    let seen: Comparison | undefined;
    let problem = "element(s) not found";
    try {
      seen = await select(
        window,
        (selectors, { selector, expectation }) => selectors.compare(selector, expectation),
        { selector, expectation },
      );
      if (seen.matches !== isNot) return { matches: !isNot };
    } catch (error) {
      problem = (error as Error).message;
      if (FINAL.test(problem)) return { matches: isNot, errorMessage: `Error: ${problem}` };
    }
    if (Date.now() > deadline) {
      const received = seen?.received;
      return {
        matches: isNot,
        timedOut: true,
        ...(received
          ? { received: { value: received.value } }
          : { errorMessage: `Error: ${problem}` }),
      };
    }
    await wait(POLL_MS);
  }
}

type Files = string | FileInMemory | readonly (string | FileInMemory)[];

interface FileInMemory {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

const TYPES: Readonly<Record<string, string>> = { png: "image/png", jpg: "image/jpeg" };

export function readFiles(files: Files): Promise<FilePayload[]> {
  const all = (Array.isArray(files) ? files : [files]) as (string | FileInMemory)[];
  return Promise.all(
    all.map(async (file) => {
      if (typeof file !== "string") return { ...file, buffer: file.buffer.toString("base64") };
      const mimeType = TYPES[file.split(".").at(-1)!] ?? "";
      return { name: basename(file), mimeType, buffer: await readFile(file, "base64") };
    }),
  );
}

/** Each adds one part to a selector, as Playwright writes it. */
const byRole = (
  role: string,
  { name, exact = false }: { name?: string | RegExp; exact?: boolean } = {},
): string => {
  const named = name === undefined ? "" : `[name=${iso.escapeForAttributeSelector(name, exact)}]`;
  return `internal:role=${role}${named}`;
};
type Text = string | RegExp;
const byText = (kind: "label" | "text" | "has-text", text: Text, exact = false): string =>
  `internal:${kind}=${iso.escapeForTextSelector(text, exact)}`;

interface Exact {
  readonly exact?: boolean;
}

/** The functions with which a page, and each locator, begins another locator. */
export function createFinders(window: EngineWindow, parent?: string) {
  const child = (part: string) =>
    createLocator(window, parent === undefined ? part : `${parent} >> ${part}`);
  return {
    getByRole: (role: string, options?: { name?: Text } & Exact) => child(byRole(role, options)),
    getByLabel: (text: Text, { exact }: Exact = {}) => child(byText("label", text, exact)),
    getByText: (text: Text, { exact }: Exact = {}) => child(byText("text", text, exact)),
    locator: (selector: string, { hasText }: { hasText?: Text } = {}) =>
      child(hasText === undefined ? selector : `${selector} >> ${byText("has-text", hasText)}`),
    filter: ({ hasText }: { hasText: Text }) => child(byText("has-text", hasText)),
    nth: (index: number) => child(`nth=${String(index)}`),
    first: () => child("nth=0"),
  };
}

interface Patience {
  readonly timeout?: number;
}

type LocatorImitation = ReturnType<typeof createFinders> & Record<string, unknown>;

function createLocator(window: EngineWindow, selector: string): LocatorImitation {
  const describe = (): string => iso.asLocatorDescription("javascript", selector);
  const until = <Value>(
    action: string,
    { timeout = DEFAULT_TIMEOUT_MS }: Patience,
    attempt: () => Promise<Attempt<Value>>,
  ) => untilDone(`locator.${action}: ${describe()}`, timeout, attempt);
  /** Calls a function of a test with the element, once it is there. */
  const withElement = (action: string, work: Work, argument: unknown, patience: Patience = {}) =>
    until(action, patience, () =>
      select<unknown, Attempt<unknown>>(
        window,
        `async (selectors, { selector, argument }) => {
          const element = selectors.findOne(selector);
          if (!element) return { state: "waiting", for: "an element" };
          return { state: "done", value: await (${String(work)})(element, argument) };
        }`,
        { selector, argument },
      ),
    );
  const click = async (patience: Patience = {}): Promise<void> => {
    await window.bringToFront();
    await until("click", patience, async () => {
      const aimed = await select(
        window,
        (selectors, selector) => selectors.aim(selector),
        selector,
      );
      if (aimed.state === "waiting") return aimed;
      await clickAt(window, aimed.value);
      // A click may have opened another page, where nothing can be asked yet, or which knows of no click.
      const isHit = await select(window, (selectors) => selectors.hasHit(), "").catch(() => true);
      if (isHit) return { state: "done", value: undefined };
      return { state: "waiting", for: "the element, which moved, to stand still" };
    });
  };
  const isChecked = () =>
    until("isChecked", {}, () =>
      select(window, (selectors, selector) => selectors.isChecked(selector), selector),
    );
  const locator = {
    ...createFinders(window, selector),
    /** Playwright's `expect` asks for both. */
    _apiName: "Locator",
    _expect: (expression: string, options: Parameters<typeof compare>[3]) =>
      compare(window, selector, expression, options),
    toString: describe,
    click,
    isChecked,
    async check(): Promise<void> {
      if (await isChecked()) return;
      await click();
      if (!(await isChecked())) throw new Error(`locator.check: ${describe()}: Clicking did not`);
    },
    async fill(text: string, patience: Patience = {}): Promise<void> {
      await until("fill", patience, () =>
        select(window, (selectors, { selector, text }) => selectors.fill(selector, text), {
          selector,
          text,
        }),
      );
    },
    async press(key: string, patience: Patience = {}): Promise<void> {
      await until("press", patience, () =>
        select(window, (selectors, selector) => selectors.focus(selector), selector),
      );
      await pressKey(window, key);
    },
    async setInputFiles(files: Files, patience: Patience = {}): Promise<void> {
      const payloads = await readFiles(files);
      await until("setInputFiles", patience, () =>
        select(
          window,
          (selectors, { selector, payloads }) => selectors.setFiles(selector, payloads),
          { selector, payloads },
        ),
      );
    },
    evaluate: (work: Work, argument?: unknown) => withElement("evaluate", work, argument),
    evaluateAll: (work: Work, argument?: unknown) =>
      select(
        window,
        `(selectors, { selector, argument }) => (${String(work)})(selectors.findAll(selector), argument)`,
        { selector, argument },
      ),
    textContent: () =>
      withElement("textContent", (element: Element) => element.textContent, undefined),
    getAttribute: (name: string) =>
      withElement(
        "getAttribute",
        (element: Element, name: string) => element.getAttribute(name),
        name,
      ),
  };
  return restrict(locator, "locator");
}
