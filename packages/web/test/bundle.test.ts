import { beforeAll, describe, expect, it } from "vitest";
import { APP, buildApp, type Load } from "./bundle.ts";

/**
 * What the scripts may weigh with gzip, in bytes: a few percent above what they weigh. Raise a number only in
 * the change that needs it, when users get something for it; lower it when scripts got smaller.
 */
const BUDGETS = {
  /** `createVlm`, on the page. */
  page: 41_300,
  /** A worker that downloads, lists and queues. */
  light: 44_800,
  /** What it loads more to run a model, on whatever engine. */
  heavy: 50_900,
  /** The kit's engine on onnxruntime, with the rewriting of ONNX files, and without onnxruntime itself. */
  engine: 31_100,
  /** onnxruntime's script, one for each of its builds; their `.wasm` files come on top. */
  "onnxruntime/wasm": 24_500,
  "onnxruntime/jspi": 38_300,
  "onnxruntime/webgpu": 39_000,
  /** `createVlm` with `remoteNodes`, on the page of an app that uses them. */
  remote: 70_900,
  /** `createOps` of `@fastvlm-kit/ops`, on the page. */
  ops: 9_700,
} as const;

/** Code that only a worker with a model needs. */
const HEAVY = [
  /^packages\/web\/src\/(inference|generation|decode)\//,
  // The page knows of a family its name and the sides that it takes, to check options and descriptors.
  /^packages\/web\/src\/families\/(?!family-name|image-sides|read-model|[a-z]+\/sides)/,
  /^packages\/web\/src\/image\/tensor\/(image-tensor|axis-weights|resample|resize-[a-z]+|crop-to-tensor)[.]ts$/,
  /^packages\/onnx\//,
  /node_modules\/(@huggingface|onnxruntime-web)\//,
];

const isHeavy = (path: string): boolean => HEAVY.some((part) => part.test(path));

describe("a production build stays within its budget:", () => {
  const loads = {} as Record<keyof typeof BUDGETS, Load>;

  beforeAll(async () => {
    const page = await buildApp(`import { createVlm } from "@fastvlm-kit/web"; createVlm();`);
    loads.page = page((path) => path === APP);

    const remote = await buildApp(
      `import { createVlm } from "@fastvlm-kit/web"; import { remoteNode, remoteNodes } from "@fastvlm-kit/web/remote"; createVlm(); remoteNodes(remoteNode());`,
    );
    loads.remote = remote((path) => path === APP);

    const ops = await buildApp(`import { createOps } from "@fastvlm-kit/ops"; createOps();`);
    loads.ops = ops((path) => path === APP);

    const worker = await buildApp(
      `import { startWorker } from "@fastvlm-kit/web/worker"; startWorker();`,
    );
    loads.light = worker((path) => path.endsWith("/host/serve.ts"));
    loads.heavy = worker((path) => path.endsWith("/inference/loaded-model.ts"), [loads.light]);
    const before = [loads.light, loads.heavy];
    loads.engine = worker((path) => path.endsWith("/engines/ort/ort-code.ts"), before);
    for (const name of ["wasm", "jspi", "webgpu"] as const) {
      const isGlue = (path: string): boolean => path.endsWith(`/ort.${name}.bundle.min.mjs`);
      loads[`onnxruntime/${name}`] = worker(isGlue);
    }
  });

  it.each(Object.entries(BUDGETS))("%s, %d bytes", (name, budget) => {
    const { gzipBytes } = loads[name as keyof typeof BUDGETS];
    expect(gzipBytes).toBeLessThanOrEqual(budget);
    // A budget far above what is used says nothing.
    expect(gzipBytes).toBeGreaterThan(budget * 0.85);
  });

  it("has nothing that runs a model in the light chunk, or on the page", () => {
    expect(loads.light.modules.filter(isHeavy)).toEqual([]);
    expect(loads.page.modules.filter(isHeavy)).toEqual([]);
    // What runs a model has it: the patterns find what they are for.
    const modules = [...loads.heavy.modules, ...loads.engine.modules];
    for (const part of HEAVY.slice(0, 3)) {
      expect(modules.some((path) => part.test(path))).toBe(true);
    }
  });

  it("has no engine in the scripts that any engine runs with", () => {
    const engine = /^packages\/(web\/src\/engines\/ort|onnx)\//;
    expect(loads.light.modules.filter((path) => engine.test(path))).toEqual([]);
    expect(loads.heavy.modules.filter((path) => engine.test(path))).toEqual([]);
  });

  it("has nothing of remote nodes on the page of an app that has none", () => {
    const isRemote = (path: string): boolean => path.startsWith("packages/web/src/remote");
    expect(loads.page.modules.filter(isRemote)).toEqual([]);
    expect(loads.remote.modules.some(isRemote)).toBe(true);
  });

  it("has no fake on the page of an app, with or without remote nodes", () => {
    const isFake = (path: string): boolean => /^packages\/web\/src\/testing[./]/.test(path);
    expect(Object.values(loads).flatMap(({ modules }) => modules.filter(isFake))).toEqual([]);
  });

  it("has nothing of the worker on the page", () => {
    const worker = /^packages\/web\/src\/(host|storage|download|engines)\//;
    expect(loads.page.modules.filter((path) => worker.test(path))).toEqual([]);
  });
});
