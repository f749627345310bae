/** What `--model` names: the embedded model, a folder, or a model that the kit's catalog has. */

import { statSync } from "node:fs";
import { fastvlm05b, smolVlm, type ModelDescriptor } from "@fastvlm-kit/web";
import { tinyModel } from "@fastvlm-kit/tiny";
import { readModelDirectory } from "./model-directory.ts";

export interface ModelChoice {
  readonly model: string;
  /** The licence that the operator accepts, such as `apple-amlr`. */
  readonly acceptLicense: string | undefined;
}

const CATALOG: Readonly<Record<string, () => ModelDescriptor>> = {
  "HuggingFaceTB/SmolVLM-256M-Instruct": () => smolVlm(),
  "HuggingFaceTB/SmolVLM-500M-Instruct": () => smolVlm({ size: "500M" }),
  "HuggingFaceTB/SmolVLM2-256M-Video-Instruct": () => smolVlm({ version: 2 }),
  "HuggingFaceTB/SmolVLM2-500M-Video-Instruct": () => smolVlm({ version: 2, size: "500M" }),
};

const FASTVLM = "onnx-community/FastVLM-0.5B-ONNX";

/** @throws {TypeError} when it names no model that the kit can run */
export async function chooseModel({ model, acceptLicense }: ModelChoice): Promise<ModelDescriptor> {
  if (model === "tiny") return tinyModel();
  if (statSync(model, { throwIfNoEntry: false })?.isDirectory()) return readModelDirectory(model);
  if (model === FASTVLM) {
    return fastvlm05b(acceptLicense === "apple-amlr" ? { acceptLicense } : {});
  }
  const listed = CATALOG[model];
  if (listed) return listed();
  const known = ["tiny", ...Object.keys(CATALOG), FASTVLM].join(", ");
  throw new TypeError(
    `There is no model \`${model}\`. Pass the folder of a model, or one of these: ${known}.`,
  );
}
