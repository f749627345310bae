/** What a person does with keys and a mouse, as actions of WebDriver. */

import type { EngineWindow } from "./engine.ts";
import type { Point } from "./page-selectors.ts";

/** Names of Playwright's keys, and WebDriver's characters for them. https://www.w3.org/TR/webdriver2/#keyboard-actions */
const KEYS: Readonly<Record<string, string>> = {
  Backspace: "\uE003",
  Tab: "\uE004",
  Enter: "\uE007",
  Escape: "\uE00C",
  Space: " ",
  End: "\uE010",
  Home: "\uE011",
  ArrowLeft: "\uE012",
  ArrowUp: "\uE013",
  ArrowRight: "\uE014",
  ArrowDown: "\uE015",
  Delete: "\uE017",
};

const strike = (value: string) => [
  { type: "keyDown", value },
  { type: "keyUp", value },
];

const keyActions = (values: readonly string[]) => [
  { type: "key", id: "keyboard", actions: values.flatMap(strike) },
];

export async function pressKey(window: EngineWindow, key: string): Promise<void> {
  const value = KEYS[key] ?? key;
  if (value.length !== 1) throw new Error(`The key ${key} is not imitated`);
  await window.performActions(keyActions([value]));
}

export async function typeText(window: EngineWindow, text: string): Promise<void> {
  await window.performActions(keyActions(Array.from(text)));
}

export async function clickAt(window: EngineWindow, { x, y }: Point): Promise<void> {
  await window.performActions([
    {
      type: "pointer",
      id: "mouse",
      parameters: { pointerType: "mouse" },
      actions: [
        { type: "pointerMove", duration: 0, x, y, origin: "viewport" },
        { type: "pointerDown", button: 0 },
        { type: "pointerUp", button: 0 },
      ],
    },
  ]);
}
