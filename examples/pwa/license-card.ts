/** The licence of a model's weights, shown and accepted before anything of it is loaded. */

import type { ModelDescriptor } from "@fastvlm-kit/web";
import { button, element } from "../demo/elements.ts";

/** @param onAccept takes the accepted model into use */
export function showLicense({ license }: ModelDescriptor, onAccept: () => void): void {
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
}
