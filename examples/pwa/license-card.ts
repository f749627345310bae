/** The licence of a model's weights, shown and accepted before anything of it is loaded. */

import { checkSupport, type ModelDescriptor } from "@fastvlm-kit/web";
import { button, element, showFacts } from "../shared/elements.ts";
import { deviceInWords } from "../shared/words.ts";
import { sizeInWords } from "./words.ts";

/** @param onAccept takes the accepted model into use */
export async function showLicense(model: ModelDescriptor, onAccept: () => void): Promise<void> {
  const { license } = model;
  const card = element("license", HTMLElement);
  const consent = element("license-consent", HTMLInputElement);
  element("license-id", HTMLElement).textContent = license.id;
  element("license-summary", HTMLElement).textContent = license.summary;
  if (license.url !== undefined) element("license-link", HTMLAnchorElement).href = license.url;
  const accept = button("license-accept", () => {
    card.hidden = true;
    onAccept();
  });
  consent.addEventListener("change", () => {
    accept.disabled = !consent.checked;
  });
  card.hidden = false;

  const { downloadBytes, isExact, devices, missing } = await checkSupport({ model });
  const [device] = devices;
  const about = isExact ? "" : "about ";
  showFacts(element("license-facts", HTMLElement), [
    ["Download", `${about}${sizeInWords(downloadBytes)}, once; this browser keeps it`],
    ["Runs on", device ? deviceInWords(device) : `nothing here. Missing: ${missing.join(", ")}`],
  ]);
}
