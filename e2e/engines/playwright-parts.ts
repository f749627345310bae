/**
 * What is used of Playwright besides its public functions: the script with which it finds elements in a page and compares
 * them, so that a test means the same in each engine. A newer Playwright may have moved these parts; this file is then
 * the only one to change.
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { runInNewContext } from "node:vm";
import type { OtherEngine } from "../../tools/tested-engine.ts";

/** Playwright's script in a page, as far as it is used here. */
export interface PageScript {
  parseSelector(selector: string): unknown;
  querySelectorAll(selector: unknown, root: Node): Element[];
  strictModeViolationError(selector: unknown, matches: Element[]): Error;
  previewNode(element: Element): string;
  checkElementStates(
    element: Element,
    states: readonly ElementState[],
    isFrameVisible: boolean,
  ): Promise<undefined | "error:notconnected" | { readonly missingState: string }>;
  elementState(element: Element, state: string, isFrameVisible: boolean): { matches: boolean };
  /** Says what a click at the point would meet in its place. */
  expectHitTarget(
    point: { x: number; y: number },
    element: Element,
  ): "done" | { readonly hitTargetDescription: string };
  retarget(element: Element, behavior: "none" | "button-link"): Element | null;
  /** Until `stop`, keeps the mouse's events from whatever is not the element, and says whether it met it. */
  setupHitTargetInterceptor(
    element: Element,
    action: "mouse",
    point: undefined,
    blocksAllEvents: boolean,
  ): string | { stop(): "done" | { readonly hitTargetDescription: string } };
  /** Selects what is there now, so that a text can take its place. */
  fill(element: Element, value: string): "done" | "needsinput" | "error:notconnected";
  focusNode(element: Element): "done" | "error:notconnected";
  setInputFiles(element: Element, files: readonly FilePayload[]): string | undefined;
  expect(
    element: Element | undefined,
    options: Expectation,
    elements: readonly Element[],
    isFrameVisible: boolean,
  ): Promise<Comparison>;
}

export type ElementState = "visible" | "enabled" | "stable" | "editable";

export interface FilePayload {
  readonly name: string;
  readonly mimeType: string;
  /** As Base64. */
  readonly buffer: string;
}

/** What one of `expect`'s matchers asks of a locator. */
export interface Expectation {
  /** Such as `to.have.text`. */
  readonly expression: string;
  readonly isNot: boolean;
  readonly expectedNumber?: number | undefined;
  readonly expectedText?: readonly unknown[] | undefined;
  readonly expectedValue?: unknown;
  readonly expressionArg?: unknown;
  readonly useInnerText?: boolean | undefined;
}

export interface Comparison {
  readonly matches: boolean;
  readonly received?: { readonly value?: unknown };
}

const load = createRequire(import.meta.url);

interface Parts {
  readonly iso: {
    escapeForTextSelector(text: string | RegExp, exact: boolean): string;
    escapeForAttributeSelector(value: string | RegExp, exact: boolean): string;
    asLocatorDescription(language: "javascript", selector: string): string;
  };
  readonly utils: {
    generateSelfSignedCertificate(): { readonly cert: string; readonly key: string };
  };
}

const BUNDLE = "playwright-core/lib/coreBundle";
export const { iso, utils } = load(BUNDLE) as Parts;

/** The bundle has the script as a literal in single quotes, which JSON does not read. */
const SCRIPT = /^ *source\d+ = ('.*var injectedScript_exports = .*');$/m;

/** Gives an expression that makes a {@link PageScript} in a page. */
export function readPageScript(browserName: OtherEngine): string {
  const literal = SCRIPT.exec(readFileSync(load.resolve(BUNDLE), "utf8"))?.[1];
  if (literal === undefined) {
    throw new Error("This version of Playwright keeps its script for pages in another place.");
  }
  const source = runInNewContext(literal) as string;
  const options = {
    isUnderTest: false,
    sdkLanguage: "javascript",
    frameSeq: 1,
    testIdAttributeName: "data-testid",
    stableRafCount: 1,
    browserName,
    customEngines: [],
  };
  return `(() => { const module = {}; ${source}
    return new (module.exports.InjectedScript())(globalThis, ${JSON.stringify(options)}); })()`;
}
