/** Which model the app runs: the embedded one, or `?model=fastvlm-0.5b` once its licence is accepted. */

import { tinyModel } from "@fastvlm-kit/tiny";
import { fastvlm05b, type ModelDescriptor } from "@fastvlm-kit/web";
import { readSetting, writeSetting, type Settings } from "./settings.ts";

const LICENSE = "apple-amlr";

/** @param address the page's; a choice in it is remembered, as the installed app starts without one */
export function chooseModel(address: string): ModelDescriptor {
  const asked = new URL(address).searchParams.get("model");
  if (asked !== null) writeSetting("model", nameOf(asked));
  const name = asked === null ? readSetting("model") : nameOf(asked);
  if (name === "tiny") return tinyModel();
  return readSetting("acceptedLicense") === LICENSE ? acceptLicense() : fastvlm05b();
}

/** Says that the user accepted the licence of FastVLM-0.5B, and remembers it. */
export function acceptLicense(): ModelDescriptor {
  writeSetting("acceptedLicense", LICENSE);
  return fastvlm05b({ acceptLicense: LICENSE });
}

function nameOf(asked: string): Settings["model"] {
  return asked === "fastvlm-0.5b" ? "fastvlm-0.5b" : "tiny";
}
