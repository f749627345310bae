import { expose } from "comlink";
import type { Runtime } from "../../../src/engines/runtime.ts";
import { measure, measureSpeed } from "../measure.ts";
import { openRuntime } from "../open-runtime.ts";
import type { PageMeasurer } from "./page.ts";

let runtime: Runtime | undefined;

const measurer: PageMeasurer = {
  async open({ folder, urls, ...files }) {
    const read = async (path: string): Promise<Uint8Array<ArrayBuffer>> => {
      const answer = await fetch(urls[path] ?? `/@fs${folder}/${path}`);
      if (!answer.ok) throw new Error(`${path}: ${String(answer.status)}`);
      return new Uint8Array(await answer.arrayBuffer());
    };
    runtime = await openRuntime({ ...files, read });
    return files.device === "webgpu" ? describeGpu() : "wasm";
  },
  measure: (...work) => measure(loaded(), ...work),
  measureSpeed: (...work) => measureSpeed(loaded(), ...work, () => performance.now()),
};
expose(measurer);

async function describeGpu(): Promise<string> {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) return "no adapter";
  const { vendor, architecture, description } = adapter.info;
  const features = ["shader-f16", "subgroups"].filter((name) =>
    adapter.features.has(name as GPUFeatureName),
  );
  return [vendor, architecture, description, ...features].join(" ");
}

function loaded(): Runtime {
  if (!runtime) throw new Error("Call `open` first.");
  return runtime;
}
