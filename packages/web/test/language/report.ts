/**
 * Compares the precisions of the decoder of a real language model in the kit's own engine.
 *
 * `node --import tsx --conditions @fastvlm-kit/source packages/web/test/language/report.ts --dtype fp32,int8`
 *
 * Each run writes its figures beside those of earlier runs, and prints them all beside those of fp32 on WASM.
 */

import { mkdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { BASE, printComparison } from "./comparison.ts";
import type { Division, Speed, StretchResult } from "./measure.ts";
import type { Measurer } from "./measurer.ts";
import { openCodec } from "./open-codec.ts";
import { openInChromium } from "./open-in-chromium.ts";
import { openInNode } from "./open-in-node.ts";
import { DTYPES, type Dtype } from "./open-runtime.ts";
import { readResults, writeResults } from "./results.ts";
import { speedContext, listQuestions, listStretches } from "./stretches.ts";

/** The most tokens of an answer. */
const ANSWER = 32;

/** Node has WASM with one thread, and Chromium both devices. */
const PLACES = ["node", "wasm", "webgpu"] as const;

const { values: options } = parseArgs({
  options: {
    folder: { type: "string", default: ".cache/language/smollm2-135m" },
    results: { type: "string", default: ".cache/language/results" },
    place: { type: "string", default: "node" },
    args: { type: "string", default: "" },
    threads: { type: "string", default: "4" },
    dtype: { type: "string", default: DTYPES.join() },
    windows: { type: "string", default: "16" },
    questions: { type: "string", default: "20" },
    first: { type: "string", default: "0" },
    piece: { type: "string", default: "8192" },
    part: { type: "string", default: "1/1" },
    speed: { type: "boolean", default: false },
  },
});
const place = oneOf(PLACES, options.place, "--place");
const division: Division = { first: Number(options.first), piece: Number(options.piece) };
const [part = 1, parts = 1] = options.part.split("/").map(Number);
mkdirSync(options.results, { recursive: true });
const codec = await openCodec(options.folder);
const endId = codec.controlId("<|im_end|>")!;

for (const name of options.dtype.split(",").filter((name) => name !== "")) {
  const dtype = oneOf(DTYPES, name, "--dtype");
  const label = labelOf(dtype);
  const measurer = await openMeasurer(dtype);
  const results: StretchResult[] = [];
  let speed: Speed | undefined;
  const write = (): void => {
    writeResults(options.results, options.speed ? "speed" : options.part, {
      label,
      results,
      ...(speed && { speed }),
    });
  };
  if (options.speed) {
    speed = await measurer.measureSpeed(speedContext(codec), division);
    write();
  }
  const answers = new Map(
    readResults(options.results, BASE).results.map(({ name, ids }) => [name, ids]),
  );
  const all = [
    ...listQuestions(codec, Number(options.questions)),
    ...listStretches(codec, Number(options.windows)),
  ];
  for (const stretch of all.filter((_, index) => index % parts === part - 1)) {
    // Others are led along the answers of fp32, so that each token can be compared.
    const next = stretch.next ?? (label === BASE ? undefined : answers.get(stretch.name));
    const led = next ? { ...stretch, next } : stretch;
    results.push(await measurer.measure(led, division, { endId, maxTokens: ANSWER }));
    write();
    if (results.length === 1) console.log(`${label}: ${codec.decode(results[0]!.likeliest)}`);
  }
  await measurer.close();
}
printComparison(options.results);

function openMeasurer(dtype: Dtype): Promise<Measurer> {
  const { folder } = options;
  if (place === "node") return openInNode(folder, dtype);
  const args = options.args.split(" ").filter(Boolean);
  const device = place === "wasm" ? "wasm" : "webgpu";
  return openInChromium({ folder, device, dtype, threads: Number(options.threads), args });
}

function labelOf(dtype: Dtype): string {
  const { first, piece } = division;
  return [
    place === "node" ? "wasm" : place === "wasm" ? `wasm ${options.threads} threads` : place,
    dtype,
    ...(first > 0 ? [`first ${String(first)}`] : []),
    ...(piece < 8192 ? [`piece ${String(piece)}`] : []),
  ].join(" ");
}

function oneOf<Name extends string>(names: readonly Name[], given: string, option: string): Name {
  const name = names.find((known) => known === given);
  if (name === undefined) throw new Error(`${option} is one of ${names.join(", ")}`);
  return name;
}
