/** The head of a dashboard: which time is shown, copy, and files. */

import { create } from "./elements.ts";

const MINUTE_MS = 60_000;

const RANGES = [
  ["15 minutes", 15 * MINUTE_MS],
  ["1 hour", 60 * MINUTE_MS],
  ["6 hours", 360 * MINUTE_MS],
  ["24 hours", 1440 * MINUTE_MS],
  ["7 days", 7 * 1440 * MINUTE_MS],
] as const;

const DEFAULT_RANGE = 1;

/** How long the answer to a click stays, at least, while new numbers come in. */
const NOTICE_MS = 5000;

export interface Controls {
  readonly element: HTMLElement;
  /** How far back is shown, in milliseconds. */
  readonly rangeMs: number;
  /** Says where the numbers come from, or what went wrong. */
  say(message: string, isProblem?: boolean): void;
  setState(state: { readonly isFixed: boolean; readonly canBeLive: boolean }): void;
}

export interface ControlsOptions {
  readonly onRange: () => void;
  readonly onLive: () => void;
  /** Shows the content of a file; throws a `TypeError` for one that is no snapshot. */
  readonly onFile: (text: string) => void;
  /** What is shown; undefined if that is nothing. */
  readonly json: () => string | undefined;
}

interface Saying {
  readonly message: string;
  readonly isProblem: boolean;
}

export function createControls({ onRange, onLive, onFile, json }: ControlsOptions): Controls {
  const state = create("p", { className: "quiet" });
  const range = create(
    "select",
    { attributes: { "aria-label": "Time that is shown" } },
    ...RANGES.map(([name, milliseconds]) =>
      create("option", { textContent: name, attributes: { value: String(milliseconds) } }),
    ),
  );
  range.selectedIndex = DEFAULT_RANGE;
  range.addEventListener("change", onRange);
  const copy = createButton("Copy as JSON");
  const open = createButton("Open a file…");
  const live = createButton("Back to live");
  const file = create("input", { attributes: { type: "file", accept: ".json,application/json" } });
  file.hidden = true;

  const show = ({ message, isProblem }: Saying): void => {
    state.textContent = message;
    state.classList.toggle("problem", isProblem);
  };
  let said: Saying = { message: "", isProblem: false };
  let notice: ReturnType<typeof setTimeout> | undefined;
  const endNotice = (): void => {
    clearTimeout(notice);
    notice = undefined;
    show(said);
  };
  /** Answers a click. */
  const notify = (message: string, isProblem = false): void => {
    clearTimeout(notice);
    notice = setTimeout(endNotice, NOTICE_MS);
    show({ message, isProblem });
  };
  const say = (message: string, isProblem = false): void => {
    said = { message, isProblem };
    if (notice === undefined) show(said);
  };

  copy.addEventListener("click", () => {
    const text = json();
    if (text === undefined) return;
    navigator.clipboard.writeText(text).then(
      () => {
        notify("Copied.");
      },
      () => {
        notify("The browser did not allow to copy.", true);
      },
    );
  });
  open.addEventListener("click", () => {
    file.click();
  });
  file.addEventListener("change", () => {
    const [chosen] = file.files ?? [];
    file.value = ""; // The same file can be chosen again.
    void chosen?.text().then(
      (text) => {
        try {
          onFile(text);
          endNotice();
        } catch (error) {
          if (!(error instanceof TypeError)) throw error;
          notify(error.message, true);
        }
      },
      () => {
        notify("The file could not be read.", true);
      },
    );
  });
  live.addEventListener("click", onLive);

  const title = create("div", {}, create("h1", { textContent: "FastVLM in this browser" }), state);
  const buttons = create("div", { className: "controls" }, range, live, copy, open, file);
  return {
    element: create("header", {}, title, buttons),
    get rangeMs() {
      return RANGES[range.selectedIndex]?.[1] ?? RANGES[DEFAULT_RANGE][1];
    },
    say,
    setState({ isFixed, canBeLive }) {
      live.hidden = !isFixed || !canBeLive;
      range.hidden = isFixed || !canBeLive;
    },
  };
}

function createButton(textContent: string): HTMLButtonElement {
  return create("button", { textContent, attributes: { type: "button" } });
}
