/** The part in the page of a locator: finds elements, says where to click, fills fields and compares. */

import type {
  Comparison,
  ElementState,
  Expectation,
  FilePayload,
  PageScript,
} from "./playwright-parts.ts";

/** A result, or what has to be waited for. */
export type Attempt<Value = undefined> =
  | { readonly state: "done"; readonly value: Value }
  | { readonly state: "waiting"; readonly for: string };

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface PageSelectors {
  findAll(selector: string): Element[];
  /** Throws where there is more than one. */
  findOne(selector: string): Element | undefined;
  /**
   * Scrolls to an element, and finds the point of the window at which a click meets it. If the element moves before the
   * click comes, nothing else is clicked.
   */
  aim(selector: string): Promise<Attempt<Point>>;
  /** Whether the click after `aim` met the element, with its press and its release. */
  hasHit(): boolean;
  isChecked(selector: string): Attempt<boolean>;
  fill(selector: string, text: string): Promise<Attempt>;
  focus(selector: string): Attempt;
  setFiles(selector: string, files: readonly FilePayload[]): Attempt;
  /** @param selector undefined for what is asked of the page itself */
  compare(selector: string | undefined, expectation: Expectation): Promise<Comparison>;
  /** From now on the page's file inputs open no window of the system: the last one that would have is kept. */
  holdFileChooser(): void;
  /** Whether one was held. */
  hasFileChooser(): boolean;
  chooseFiles(files: readonly FilePayload[]): void;
}

/** Refers to nothing outside of itself: its text runs in the page. */
export function createPageSelectors(script: PageScript): PageSelectors {
  const NO_ELEMENT = { state: "waiting", for: "an element" } as const;
  const DONE = { state: "done", value: undefined } as const;
  /** What Playwright says of elements that are not there. */
  const ABSENT: Readonly<Record<string, boolean>> = {
    "to.be.hidden": true,
    "to.be.detached": true,
    "to.be.visible": false,
    "to.be.attached": false,
    "to.be.in.viewport": false,
  };
  let chooser: HTMLInputElement | undefined;
  /** Ends the watch for a click, and says whether the element got it. */
  let endWatch = (): boolean => true;

  const findAll = (selector: string): Element[] =>
    script.querySelectorAll(script.parseSelector(selector), document);
  const findOne = (selector: string): Element | undefined => {
    const found = findAll(selector);
    if (found.length > 1)
      throw script.strictModeViolationError(script.parseSelector(selector), found);
    return found[0];
  };
  const lacking = async (element: Element, states: readonly ElementState[]) => {
    const result = await script.checkElementStates(element, states, true);
    if (result === undefined) return undefined;
    const missing = result === "error:notconnected" ? "attached" : result.missingState;
    return { state: "waiting", for: `${script.previewNode(element)} to be ${missing}` } as const;
  };
  const middleOf = (element: Element): Point | undefined => {
    const box = [...element.getClientRects()].find(({ width, height }) => width > 0 && height > 0);
    return box && { x: Math.round(box.x + box.width / 2), y: Math.round(box.y + box.height / 2) };
  };
  const watchClick = (element: Element, target: Element): (() => boolean) => {
    endWatch();
    let isClicked = false;
    const listener = (event: Event): void => {
      isClicked ||= event.composedPath().includes(target);
    };
    addEventListener("click", listener, { capture: true });
    const interceptor = script.setupHitTargetInterceptor(element, "mouse", undefined, false);
    return () => {
      removeEventListener("click", listener, { capture: true });
      return typeof interceptor === "object" && interceptor.stop() === "done" && isClicked;
    };
  };

  return {
    findAll,
    findOne,
    async aim(selector) {
      const element = findOne(selector);
      if (!element) return NO_ELEMENT;
      const missing = await lacking(element, ["visible", "enabled", "stable"]);
      if (missing) return missing;
      const target = script.retarget(element, "button-link") ?? element;
      const meets = (): Attempt<Point> => {
        const point = middleOf(element);
        if (!point) return { state: "waiting", for: "a box of the element" };
        const hit = script.expectHitTarget(point, target);
        if (hit === "done") {
          endWatch = watchClick(element, target);
          return { state: "done", value: point };
        }
        return { state: "waiting", for: `${hit.hitTargetDescription}, which covers it, to go` };
      };
      const outcome = meets();
      if (outcome.state === "done") return outcome;
      element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
      return meets();
    },
    hasHit: () => endWatch(),
    isChecked(selector) {
      const element = findOne(selector);
      if (!element) return NO_ELEMENT;
      return { state: "done", value: script.elementState(element, "checked", true).matches };
    },
    async fill(selector, text) {
      const element = findOne(selector);
      if (!element) return NO_ELEMENT;
      const missing = await lacking(element, ["visible", "enabled", "editable"]);
      if (missing) return missing;
      if (script.fill(element, text) === "needsinput") {
        // eslint-disable-next-line @typescript-eslint/no-deprecated -- what a person types comes in the same way
        if (text === "") document.execCommand("delete");
        // eslint-disable-next-line @typescript-eslint/no-deprecated -- the same
        else document.execCommand("insertText", false, text);
      }
      return DONE;
    },
    focus(selector) {
      const element = findOne(selector);
      if (!element) return NO_ELEMENT;
      script.focusNode(element);
      return DONE;
    },
    setFiles(selector, files) {
      const element = findOne(selector);
      if (!element) return NO_ELEMENT;
      const problem = script.setInputFiles(element, files);
      if (problem !== undefined) throw new Error(problem);
      return DONE;
    },
    async compare(selector, expectation) {
      const { expression, isNot } = expectation;
      const isOfAll = expression === "to.have.count" || expression.endsWith(".array");
      const one = (): Element[] => {
        const element = selector === undefined ? document.documentElement : findOne(selector);
        return element ? [element] : [];
      };
      const found = isOfAll ? findAll(selector!) : one();
      if (found.length > 0 || isOfAll) return script.expect(found[0], expectation, found, true);
      return { matches: ABSENT[expression] ?? isNot };
    },
    holdFileChooser() {
      chooser = undefined;
      addEventListener(
        "click",
        (event) => {
          const [target] = event.composedPath();
          if (!(target instanceof HTMLInputElement) || target.type !== "file") return;
          event.preventDefault();
          chooser = target;
        },
        { capture: true },
      );
    },
    hasFileChooser: () => chooser !== undefined,
    chooseFiles(files) {
      script.setInputFiles(chooser!, files);
    },
  };
}
