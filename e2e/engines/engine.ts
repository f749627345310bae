/** A browser that is not Chromium, as far as the tests drive it. */

export interface Engine {
  /** Name and version, as the browser says it. */
  readonly version: string;
  /** A window without anything of an earlier one: no cache, no storage. */
  openFreshPage(): Promise<EnginePage>;
  close(): Promise<void>;
}

export interface EnginePage {
  goto(url: string): Promise<void>;
  /** Runs a function in the page. Argument and result are JSON; what it throws rejects here. */
  evaluate<Argument, Result>(
    work: (argument: Argument) => Result | Promise<Result>,
    argument: Argument,
  ): Promise<Result>;
  close(): Promise<void>;
}
