/** The small Idefics3 that the official exporters made, and what it has to give (tools/exporter-fixtures/idefics3). */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sourceOfBytes } from "../../onnx/src/graph/byte-source.ts";
import type { GraphFile } from "../src/engines/graph-file.ts";
import type { ExpectedCall } from "./exported-files.ts";

const FOLDER = fileURLToPath(new URL("../../../e2e/fixtures/exported-idefics3/", import.meta.url));

type RoundedForm = "int8" | "q4" | "q4f16";
export type Idefics3Decoder = "fp32" | RoundedForm;

/** What native ONNX Runtime computes of one decoder. */
interface ExpectedLogits {
  readonly steps: readonly ExpectedCall[];
  readonly fork: readonly ExpectedCall[];
}

interface Idefics3Reference {
  /** What PyTorch computes of the weights before any export. */
  readonly torch: {
    readonly features: {
      readonly stride: number;
      /** Of three tiles that were encoded in one call. */
      readonly tiles: readonly (readonly number[])[];
    };
    /** Text, the three tiles, and text: the logits after it, and the greedy ids of `generate`. */
    readonly question: {
      readonly before: readonly number[];
      readonly after: readonly number[];
      readonly logits: readonly number[];
      readonly answer: readonly number[];
    };
    /** After the first of the steps. */
    readonly promptLogits: readonly number[];
  };
  /** What PyTorch's `generate` answers to the kit's own prompts and pixels, in the order of `KIT_QUESTIONS`. */
  readonly answers: readonly {
    readonly name: string;
    /** Of the pixels that it got. */
    readonly sha256: string;
    /** Of the prompt that it got. */
    readonly ids: readonly number[];
    /** With the id that ends it, where it ended. */
    readonly answer: readonly number[];
  }[];
  /** What native ONNX Runtime computes of encoders with rounded weights, a tile in each run. */
  readonly features: Readonly<Record<RoundedForm, readonly (readonly number[])[]>>;
  readonly logits: { readonly stride: number } & Readonly<Record<Idefics3Decoder, ExpectedLogits>>;
}

export function readIdefics3Reference(): Idefics3Reference {
  return JSON.parse(readFileSync(`${FOLDER}reference.json`, "utf8")) as Idefics3Reference;
}

/** A graph's file by its name without the ending. */
export function openIdefics3(name: string): GraphFile {
  const bytes = new Uint8Array(readFileSync(`${FOLDER}onnx/${name}.onnx`));
  return { ...sourceOfBytes(bytes), close: () => undefined };
}
