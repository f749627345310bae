/** What the runtime reports of the graphs that it loads, on files of the official exporters. */

import * as ort from "onnxruntime-web/wasm";
import { beforeAll, describe, expect, it } from "vitest";
import { decoderName, openExported } from "../../../test/exported-files.ts";
import { POSITIONS } from "../../../test/exported-inputs.ts";
import { createSession } from "./create-session.ts";
import type { GraphReport } from "../../protocol/graph-report.ts";
import { outlineGraph } from "./graph-file.ts";
import { planGraph } from "./graph-plan.ts";
import { createOnnxRuntime } from "./onnx-runtime.ts";
import { FASTVLM_PORTS } from "../../families/fastvlm/fastvlm.ts";
import { openDecoder } from "./open-decoder.ts";
import { WASM_BUILD } from "../../runtimes/wasm.ts";

beforeAll(() => {
  ort.env.wasm.numThreads = 1;
});

describe("the report of a graph", () => {
  it("says that everything was done for an encoder, an embedding and a decoder in int8", async () => {
    const reports: GraphReport[] = [];
    const files = {
      vision: "vision_encoder",
      embed: "embed_tokens_int8",
      decoder: decoderName("int8"),
    };
    const runtime = await createOnnxRuntime({
      device: "wasm",
      wasmThreads: 1,
      source: { builds: WASM_BUILD, files: undefined },
      imageSize: 1024,
      ports: FASTVLM_PORTS,
      maxPositions: POSITIONS,
      openFile: (graph) => Promise.resolve(openExported(files[graph])),
      onDeviceLost: () => undefined,
      onSessionCreated: () => undefined,
      onGraphPrepared: (_, { report }) => reports.push(report),
    });
    await runtime.dispose();
    const byGraph = Object.fromEntries(reports.map((report) => [report.graph, report]));
    expect(Object.keys(byGraph).sort()).toEqual(["decoder", "embed", "vision"]);
    expect(byGraph["vision"]).toMatchObject({
      form: "rewritten",
      rewrites: [
        { name: "mean-over-map", applied: 1, missed: [] },
        { name: "fused-gelu", applied: 0, missed: [] },
        { name: "no-open-mask", applied: 0, missed: [] },
        { name: "fused-biases", applied: 0, missed: [] },
      ],
      imageSize: { isFree: true, own: 1024 },
    });
    expect(byGraph["embed"]).toMatchObject({ form: "looked-up" });
    expect(byGraph["decoder"]).toMatchObject({ form: "rewritten", device: "wasm" });
    for (const { rewrites, failures } of reports) {
      expect(failures).toEqual([]);
      expect(rewrites.flatMap(({ missed }) => missed)).toEqual([]);
    }
  });

  it("says that the runtime refused a changed graph, and that nothing of it counts", async () => {
    const graph = outlineGraph(openExported(decoderName("int8")), "decoder");
    const { form, report } = await openDecoder("rewritten", graph, {
      ort,
      gpu: undefined,
      create: (file, how) => createSession(refusingFirst(), SPEC, file, how),
    });
    expect(form).toBe("plain");
    expect(report).toMatchObject({
      form: "plain",
      failures: ["The runtime refused the changed graph: No such node"],
    });
    expect(report.rewrites.map(({ applied }) => applied)).toEqual([0, 0, 0, 0]);
    expect(report.rewrites[0]!.missed).toEqual(["the changed graph was refused"]);
  });

  it("tells a mistake of the kit's, which costs the plan and nothing else", () => {
    const { plan, failures } = planGraph(() => {
      throw new TypeError("undefined is not a function");
    });
    expect(plan).toBeUndefined();
    expect(failures).toEqual(["A mistake of the kit: TypeError: undefined is not a function"]);
  });
});

const SPEC = {
  graph: "decoder",
  device: "wasm",
  options: { executionProviders: ["wasm"] },
} as const;

/** ORT, were it to refuse the first graph that it gets. */
function refusingFirst(): typeof ort {
  let isFirst = true;
  const create = (bytes: Uint8Array, options: ort.InferenceSession.SessionOptions) => {
    if (!isFirst) return ort.InferenceSession.create(bytes, options);
    isFirst = false;
    return Promise.reject(new Error("No such node"));
  };
  return { ...ort, InferenceSession: { ...ort.InferenceSession, create } } as typeof ort;
}
