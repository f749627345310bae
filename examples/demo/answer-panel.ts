/** Where an answer appears, word by word. An answer that fails gives its place back to the one before. */

import { button, element } from "../shared/elements.ts";

export interface AnswerPanel {
  begin(asked: string): void;
  readonly append: (text: string) => void;
  finish(text: string, note: string): void;
  /** Keeps what has come so far. */
  stop(): void;
  fail(): void;
  readonly showProblem: (words: string) => void;
}

export function createAnswerPanel(onStop: () => void): AnswerPanel {
  const asked = element("asked", HTMLElement);
  const answer = element("answer", HTMLElement);
  const note = element("answer-note", HTMLElement);
  const problem = element("problem", HTMLElement);
  const stop = button("stop", onStop);
  const copy = button("copy", () => void copyAnswer());
  let last = { asked: "", text: "" };

  const copyAnswer = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(answer.textContent);
      note.textContent = "Copied";
    } catch {
      note.textContent = "The browser refused to copy. Select the text instead.";
    }
  };

  const settle = (text: string, words: string): void => {
    // Focus would be lost with the button under it.
    if (document.activeElement === stop) copy.focus();
    stop.disabled = true;
    copy.disabled = text === "";
    answer.textContent = text;
    // Only now is the text read out: as a whole, not in pieces.
    answer.removeAttribute("aria-busy");
    note.textContent = words;
    last = { asked: asked.textContent, text };
  };

  return {
    begin(words) {
      asked.textContent = words;
      answer.setAttribute("aria-busy", "true");
      answer.textContent = "";
      note.textContent = "Thinking";
      problem.textContent = "";
      stop.disabled = false;
      copy.disabled = true;
    },
    append(text) {
      answer.append(text);
      note.textContent = "";
    },
    finish: settle,
    stop() {
      settle(answer.textContent, "Stopped");
    },
    fail() {
      asked.textContent = last.asked;
      settle(last.text, "");
    },
    showProblem(words) {
      problem.textContent = words;
    },
  };
}
