/** transformers.js, in a worker of its own as its documentation advises. */

import { wrap, type Remote } from "comlink";
import { callAtOnce } from "./ask-at-once.ts";
import type { Answer, LoadOptions, LoadReport, Question } from "./engine.ts";
import { countingName, readGpuCounts } from "./gpu-counts.ts";
import { watchLongTasks } from "./main-thread.ts";
import { drawPicture } from "./picture.ts";
import type { Reference } from "./transformers.worker.ts";

let worker: Worker | undefined;
let reference: Remote<Reference> | undefined;

async function load(options: LoadOptions): Promise<LoadReport> {
  const startedAt = performance.now();
  worker = new Worker(new URL("./transformers.worker.ts", import.meta.url), {
    type: "module",
    name: options.countsGpu ? countingName("transformers") : "transformers",
  });
  reference = wrap<Reference>(worker);
  await reference.load({ ...options, host: `${location.origin}/models/` });
  const totalMs = performance.now() - startedAt;
  return { totalMs, variant: Object.values(options.dtypes).join("/"), stages: {} };
}

async function ask({ prompt, picture, maxNewTokens }: Question): Promise<Answer> {
  if (!reference) throw new Error("Call `load` first.");
  const blob = picture && (await drawPicture(picture));
  const startedAt = performance.now();
  const answer = await reference.ask(prompt, blob, maxNewTokens);
  return { ...answer, totalMs: performance.now() - startedAt, wasRemembered: false };
}

window.engine = {
  load,
  ask,
  askAtOnce: (question, callers) => callAtOnce(callers, () => ask(question)),
  gpuCounts: () => readGpuCounts("transformers"),
  takeLongestTaskMs: watchLongTasks(),
  dispose() {
    worker?.terminate();
    [worker, reference] = [undefined, undefined];
    return Promise.resolve();
  },
};
