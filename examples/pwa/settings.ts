/** What the app remembers beside pictures: small words, in localStorage, each with its default. */

import type { CaptionPresetName } from "@fastvlm-kit/web";
import type { PhotoModelName } from "../shared/photo-models.ts";

export const PRESETS = [
  "brief",
  "detailed",
  "alt-text",
] as const satisfies readonly CaptionPresetName[];

export interface Settings {
  readonly preset: CaptionPresetName;
  /** Whether the user stopped the batch: a reload must not start it again. */
  readonly isStopped: boolean;
  /** Whether the user asked for the app to be available offline, and did not take it back. */
  readonly wantsOffline: boolean;
  /** The model in use. A model for photos is one that the user took, and whose licence was accepted by that. */
  readonly modelInUse: "tiny" | PhotoModelName;
}

const DEFAULTS: Settings = {
  preset: "brief",
  isStopped: false,
  wantsOffline: false,
  modelInUse: "tiny",
};

const PREFIX = "fastvlm-pwa:";

export function readSetting<Name extends keyof Settings>(name: Name): Settings[Name] {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? DEFAULTS[name] : (JSON.parse(text) as Settings[Name]);
  } catch {
    // Storage that is closed to the page, or a value of another version.
    return DEFAULTS[name];
  }
}

export function writeSetting<Name extends keyof Settings>(name: Name, value: Settings[Name]): void {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // It then holds for this visit only, in the page's own state.
  }
}
