/** The style of captions to come; remembered. */

import type { CaptionPresetName } from "@fastvlm-kit/web";
import { element } from "../shared/elements.ts";
import { PRESETS, readSetting, writeSetting } from "./settings.ts";

/** @returns the choice as it is now */
export function createPresetChoice(): () => CaptionPresetName {
  let choice = PRESETS.find((preset) => preset === readSetting("preset")) ?? "brief";
  for (const input of element("presets", HTMLElement).querySelectorAll("input")) {
    input.checked = input.value === choice;
    input.addEventListener("change", () => {
      choice = input.value as CaptionPresetName;
      writeSetting("preset", choice);
    });
  }
  return () => choice;
}
