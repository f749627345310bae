/** What `--model` names: the embedded model, a folder, or a model that the kit's catalog has. */

import { statSync } from "node:fs";
import { fastvlm05b, smolVlm, type ModelDescriptor, type ModelPins } from "@fastvlm-kit/web";
import { tinyModel } from "@fastvlm-kit/tiny";
import { readModelDirectory } from "./model-directory.ts";

export interface ModelChoice extends HubChoice {
  /** `tiny`, the path of a folder, or the name of a repository of the hub. */
  readonly model: string;
  /** The licence that the operator accepts, such as `apple-amlr`. */
  readonly acceptLicense?: string | undefined;
}

/** What is left out is as in the catalog. It is for models of the hub only. */
interface HubChoice {
  /** A branch, tag or commit. */
  readonly revision?: string | undefined;
  /** Hashes that the files must have. */
  readonly pins?: ModelPins | undefined;
  /** The hub's address, for mirrors. It has no effect on other models. */
  readonly endpoint?: string | undefined;
  /** The longest side that the model sees, in pixels. */
  readonly imageSize?: number | undefined;
}

type HubOptions = NonNullable<Parameters<typeof smolVlm>[0]>;

const FASTVLM = "onnx-community/FastVLM-0.5B-ONNX";

const CATALOG: Readonly<
  Record<string, (options: HubOptions, acceptLicense: string | undefined) => ModelDescriptor>
> = {
  "HuggingFaceTB/SmolVLM-256M-Instruct": (options) => smolVlm(options),
  "HuggingFaceTB/SmolVLM-500M-Instruct": (options) => smolVlm({ ...options, size: "500M" }),
  "HuggingFaceTB/SmolVLM2-256M-Video-Instruct": (options) => smolVlm({ ...options, version: 2 }),
  "HuggingFaceTB/SmolVLM2-500M-Video-Instruct": (options) =>
    smolVlm({ ...options, version: 2, size: "500M" }),
  [FASTVLM]: (options, acceptLicense) =>
    fastvlm05b({ ...options, ...(acceptLicense === "apple-amlr" && { acceptLicense }) }),
};

/** @throws {TypeError} when it names no model that the kit can run, or asks of a local model what only the hub has */
export async function chooseModel(choice: ModelChoice): Promise<ModelDescriptor> {
  const { model, acceptLicense } = choice;
  const options = toHubOptions(choice);
  const isFolder = statSync(model, { throwIfNoEntry: false })?.isDirectory() === true;
  if (model === "tiny" || isFolder) {
    const [given] = Object.keys(options).filter((name) => name !== "endpoint");
    if (given !== undefined) {
      throw new TypeError(`\`${given}\` is for models of the hub, and ${model} is none.`);
    }
    return model === "tiny" ? tinyModel() : readModelDirectory(model);
  }
  const listed = CATALOG[model];
  if (listed) return listed(options, acceptLicense);
  const known = ["tiny", ...Object.keys(CATALOG)].join(", ");
  throw new TypeError(
    `There is no model \`${model}\`. Pass the folder of a model, or one of these: ${known}.`,
  );
}

function toHubOptions({ revision, pins, endpoint, imageSize }: HubChoice): HubOptions {
  return {
    ...(revision !== undefined && { revision }),
    ...(pins && { pins }),
    ...(endpoint !== undefined && { endpoint }),
    ...(imageSize !== undefined && { imageSize }),
  };
}
