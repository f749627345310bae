/** The choice of a model for photos: for each its bytes and its licence, before anything of it is fetched. */

import { checkSupport, type ModelDescriptor, type SupportReport } from "@fastvlm-kit/web";
import { create, element, showFacts } from "./elements.ts";
import { downloadInWords, photoFacts } from "./photo-facts.ts";
import {
  PHOTO_MODEL_NAMES,
  PHOTO_MODELS,
  type HubRevision,
  type PhotoModelName,
} from "./photo-models.ts";

export interface PhotoChoice {
  readonly name: PhotoModelName;
  /** Whether the model can run here and its licence allows to load it. */
  readonly isReady: boolean;
  /** The chosen model, its licence accepted if the user did so. */
  readonly model: ModelDescriptor;
  /** Offers a model first, and looks at what this device can do. */
  begin(name: PhotoModelName): Promise<void>;
  setDisabled(isDisabled: boolean): void;
}

/** @param onChange hears that another model was chosen, or what {@link PhotoChoice.isReady} says changed */
export function createPhotoChoice(onChange: () => void, hub?: HubRevision): PhotoChoice {
  const consent = element("license-consent", HTMLInputElement);
  const supports = new Map<PhotoModelName, SupportReport>();
  const options = createOptions((chosen) => {
    choose(chosen);
  });
  let name: PhotoModelName = PHOTO_MODEL_NAMES[0];
  const describe = (): ModelDescriptor => PHOTO_MODELS[name].describe(consent.checked, hub);

  const choose = (chosen: PhotoModelName): void => {
    name = chosen;
    options.get(name)!.input.checked = true;
    consent.checked = false;
    showLicense(describe());
    showSupport(describe(), supports.get(name));
    onChange();
  };
  consent.addEventListener("change", onChange);

  return {
    get name() {
      return name;
    },
    get isReady() {
      return describe().license.isAccepted && supports.get(name)?.isSupported === true;
    },
    get model() {
      return describe();
    },
    async begin(first) {
      choose(first);
      await Promise.all(
        [...options].map(async ([each, { note }]) => {
          const { license, describe } = PHOTO_MODELS[each];
          const support = await checkSupport({ model: describe(false, hub) });
          supports.set(each, support);
          note.textContent = `${downloadInWords(support)} · ${license}`;
        }),
      );
      showSupport(describe(), supports.get(name));
      onChange();
    },
    setDisabled(isDisabled) {
      consent.disabled = isDisabled;
      for (const { input } of options.values()) input.disabled = isDisabled;
    },
  };
}

interface Option {
  readonly input: HTMLInputElement;
  readonly note: HTMLElement;
}

function createOptions(onChoose: (name: PhotoModelName) => void): Map<PhotoModelName, Option> {
  const box = element("photo-models", HTMLElement);
  return new Map(
    PHOTO_MODEL_NAMES.map((name) => {
      const { title, license } = PHOTO_MODELS[name];
      const input = Object.assign(create("input"), { type: "radio", name: "photo-model" });
      input.addEventListener("change", () => {
        onChoose(name);
      });
      const note = create("span", { className: "quiet", textContent: license });
      box.append(create("label", {}, input, create("span", { textContent: title }), note));
      return [name, { input, note }];
    }),
  );
}

function showLicense({ license }: ModelDescriptor): void {
  element("license-id", HTMLElement).textContent = license.id;
  element("license-summary", HTMLElement).textContent = license.summary;
  const link = element("license-link", HTMLAnchorElement);
  link.hidden = license.url === undefined;
  link.href = license.url ?? "";
  link.textContent = license.isAccepted ? "The model’s page" : "Read the whole licence";
  element("consent-line", HTMLElement).hidden = license.isAccepted;
}

function showSupport(model: ModelDescriptor, support: SupportReport | undefined): void {
  const facts = element("photos-facts", HTMLElement);
  const missing = element("photos-missing", HTMLElement);
  if (support) showFacts(facts, photoFacts(model, support));
  else facts.replaceChildren();
  missing.hidden = support?.isSupported !== false;
  missing.textContent = `This browser cannot run it. Missing: ${support?.missing.join(", ") ?? ""}.`;
}
