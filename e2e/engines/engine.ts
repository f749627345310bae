/** A browser that is not Chromium: what the tests need of it. `page.ts` makes Playwright's pages of that. */

import type { OtherEngine } from "../../tools/tested-engine.ts";
import type { Internet } from "./internet.ts";

export interface Engine {
  /** Name and version, as the browser says it. */
  readonly version: string;
  /** Where its pages find other machines. */
  readonly internet: Internet;
  /** Windows that share what they store with each other, and with no other context. */
  openContext(): Promise<EngineContext>;
  close(): Promise<void>;
}

export interface EngineContext {
  /** The folder into which its windows save files. */
  readonly downloads: string;
  openWindow(): Promise<EngineWindow>;
  /** Whether its windows reach no server, not even one on this machine. */
  setOffline(isOffline: boolean): Promise<void>;
  close(): Promise<void>;
}

export interface EngineWindow {
  readonly engine: OtherEngine;
  /** Ends when the page was loaded. */
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  /**
   * Evaluates an expression in the page, as the page's own script would, whatever its policy forbids.
   * The result has to be a string, and may not be a promise.
   */
  evaluate(expression: string): Promise<string>;
  /** Runs a script in every document to come, before the document's own. */
  addInitScript(script: string): Promise<void>;
  /** What a person does with keys and a mouse: https://www.w3.org/TR/webdriver2/#actions */
  performActions(actions: readonly object[]): Promise<void>;
  /** Makes room for a page of this size, in CSS pixels. */
  resize(width: number, height: number): Promise<void>;
  bringToFront(): Promise<void>;
  close(): Promise<void>;
}

/** Runs tasks one after the other: these protocols have one current window. */
export function createQueue(): <Result>(task: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task);
    last = result.catch(() => undefined);
    return result;
  };
}
