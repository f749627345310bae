/** The SDK as the command line drives it: plain data in, plain data out, on `window.captioner`. */

import {
  createVlm,
  fastvlm05b,
  VlmError,
  type CaptionPresetName,
  type Device,
  type ModelDescriptor,
  type Vlm,
  type VlmResult,
} from "@fastvlm-kit/web";
import { tinyModel } from "@fastvlm-kit/tiny";

/** Which model to load. A folder's descriptor lacks the captions: FastVLM's own are taken. */
export type ModelChoice =
  | { readonly kind: "tiny" }
  | { readonly kind: "hub"; readonly acceptLicense: boolean }
  | { readonly kind: "folder"; readonly descriptor: Omit<ModelDescriptor, "captions"> };

/** One question: about the file at `url`, or about none. */
export interface Question {
  readonly url?: string;
  readonly prompt: string;
}

/** What the caller gets of an error. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

export type Outcome<T> = { readonly value: T } | { readonly error: Failure };

/** A large model on a slow computer may take minutes for one picture. */
const TIMEOUT_MS = 30 * 60_000;

let vlm: Vlm | undefined;

/** Loads the model. Gives the milliseconds that it took. */
function load(choice: ModelChoice, device: "auto" | Device): Promise<Outcome<{ loadMs: number }>> {
  return outcomeOf(async () => {
    const start = performance.now();
    vlm = await createVlm({
      worker: () => new Worker(new URL("./vlm.worker.ts", import.meta.url), { type: "module" }),
      model: descriptorOf(choice),
      device,
    });
    return { loadMs: performance.now() - start };
  });
}

function ask({ url, prompt }: Question): Promise<Outcome<VlmResult>> {
  return outcomeOf(async () => {
    if (!vlm) throw new Error("The model is not loaded");
    const image = url === undefined ? undefined : await (await fetch(url)).blob();
    const request = { prompt, ...(image && { image }), timeoutMs: TIMEOUT_MS };
    for await (const event of vlm.generate(request)) if (event.type === "done") return event.result;
    throw new Error("The answer ended without a result");
  });
}

/** Captions the files one after the other, and reports each as soon as it is done. */
async function captionAll(urls: readonly string[], preset: CaptionPresetName): Promise<void> {
  if (!vlm) throw new Error("The model is not loaded");
  async function* files(): AsyncGenerator<Blob> {
    for (const url of urls) yield await (await fetch(url)).blob();
  }
  const options = { preset, timeoutMs: TIMEOUT_MS };
  for await (const { index, result, error } of vlm.captionMany(files(), options)) {
    await window.reportCaption(index, result ? { value: result } : { error: toFailure(error) });
  }
}

function descriptorOf(choice: ModelChoice): ModelDescriptor {
  if (choice.kind === "tiny") return tinyModel();
  if (choice.kind === "folder") return { ...choice.descriptor, captions: fastvlm05b().captions };
  return fastvlm05b(choice.acceptLicense ? { acceptLicense: "apple-amlr" } : {});
}

async function outcomeOf<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error: toFailure(error as Error) };
  }
}

function toFailure(error: Error): Failure {
  return { code: VlmError.is(error) ? error.code : error.name, message: error.message };
}

const captioner = { load, ask, captionAll };

declare global {
  interface Window {
    captioner: typeof captioner;
    /** The command's own function, which prints. */
    reportCaption(index: number, outcome: Outcome<VlmResult>): Promise<void>;
  }
}

window.captioner = captioner;
