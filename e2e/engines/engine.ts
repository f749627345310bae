/** A browser that is not Chromium: what the tests need of it. `page.ts` makes Playwright's pages of that. */

export interface Engine {
  /** Name and version, as the browser says it. */
  readonly version: string;
  /** Windows that share what they store with each other, and with no other context. */
  openContext(): Promise<EngineContext>;
  close(): Promise<void>;
}

export interface EngineContext {
  openWindow(): Promise<EngineWindow>;
  /** Whether its windows reach no server, not even one on this machine. */
  setOffline(isOffline: boolean): Promise<void>;
  close(): Promise<void>;
}

export interface EngineWindow {
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
