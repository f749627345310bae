import { afterEach, describe, expect, it, vi } from "vitest";
import { fastvlm05b } from "../catalog/fastvlm-05b.ts";
import type { Device, ModelDescriptor } from "../protocol/model-descriptor.ts";
import { listCandidates } from "./candidates.ts";

type Adapter = { readonly features: ReadonlySet<string>; readonly info?: GPUAdapterInfo } | null;

function stubGpu(requestAdapter?: () => Promise<Adapter>): void {
  vi.stubGlobal("navigator", requestAdapter ? { gpu: { requestAdapter } } : {});
}

const withFeatures =
  (...features: string[]) =>
  () =>
    Promise.resolve({ features: new Set(features) });

async function list(
  wanted: "auto" | "webgpu" | "wasm",
  model: ModelDescriptor = fastvlm05b(),
  ...turnedDown: readonly Device[]
) {
  const { candidates, rejected } = await listCandidates(model, wanted, (device) =>
    turnedDown.includes(device) ? { reason: "circuit-open", message: "It failed." } : undefined,
  );
  return {
    candidates: candidates.map(({ device, variant }) => `${device} ${variant.id}`),
    rejected: rejected.map(({ device, reason }) => `${device} ${reason}`),
  };
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("listCandidates", () => {
  it("tries the GPU first, with the best files that it can run", async () => {
    stubGpu(withFeatures("shader-f16", "timestamp-query"));
    expect(await list("auto")).toEqual({ candidates: ["webgpu q4f16", "wasm int8"], rejected: [] });
    stubGpu(withFeatures());
    expect(await list("auto")).toEqual({ candidates: ["webgpu q4", "wasm int8"], rejected: [] });
  });

  it("tries only what it was asked for", async () => {
    stubGpu(withFeatures("shader-f16"));
    expect(await list("webgpu")).toEqual({ candidates: ["webgpu q4f16"], rejected: [] });
    expect(await list("wasm")).toEqual({ candidates: ["wasm int8"], rejected: [] });
  });

  it("does not ask for a GPU that nobody wants", async () => {
    const requestAdapter = vi.fn(withFeatures());
    stubGpu(requestAdapter);
    await list("wasm");
    await list("auto", fastvlm05b(), "webgpu");
    expect(requestAdapter).not.toHaveBeenCalled();
  });

  it.each<[string, (() => Promise<Adapter>) | undefined]>([
    ["no-webgpu", undefined],
    ["no-adapter", () => Promise.resolve(null)],
    ["no-adapter", () => Promise.reject(new Error("driver"))],
  ])("falls back to WASM with the reason %s", async (reason, requestAdapter) => {
    stubGpu(requestAdapter);
    expect(await list("auto")).toEqual({
      candidates: ["wasm int8"],
      rejected: [`webgpu ${reason}`],
    });
    expect(await list("webgpu")).toEqual({ candidates: [], rejected: [`webgpu ${reason}`] });
  });

  it("takes a software adapter only when the GPU was asked for by name", async () => {
    const info = { isFallbackAdapter: true } as GPUAdapterInfo;
    stubGpu(() => Promise.resolve({ features: new Set<string>(), info }));
    expect(await list("auto")).toEqual({
      candidates: ["wasm int8"],
      rejected: ["webgpu software-adapter"],
    });
    expect(await list("webgpu")).toEqual({ candidates: ["webgpu q4"], rejected: [] });
  });

  it("says where the model has no files for a device", async () => {
    stubGpu(withFeatures());
    const model = fastvlm05b();
    const only = (...ids: string[]) => ({
      ...model,
      variants: model.variants.filter(({ id }) => ids.includes(id)),
    });
    expect(await list("auto", only("int8"))).toEqual({
      candidates: ["wasm int8"],
      rejected: ["webgpu no-variant"],
    });
    expect(await list("auto", only("q4f16"))).toEqual({
      candidates: [],
      rejected: ["webgpu no-variant", "wasm no-variant"],
    });
  });

  it.each(["auto", "webgpu"] as const)(
    "leaves a GPU that is turned down for WASM, asked for %s",
    async (wanted) => {
      stubGpu(withFeatures("shader-f16"));
      expect(await list(wanted, fastvlm05b(), "webgpu")).toEqual({
        candidates: ["wasm int8"],
        rejected: ["webgpu circuit-open"],
      });
    },
  );

  it("tries the GPU where WASM is turned down, and nothing where both are", async () => {
    stubGpu(withFeatures("shader-f16"));
    expect(await list("auto", fastvlm05b(), "wasm")).toEqual({
      candidates: ["webgpu q4f16"],
      rejected: ["wasm circuit-open"],
    });
    expect(await list("auto", fastvlm05b(), "webgpu", "wasm")).toEqual({
      candidates: [],
      rejected: ["webgpu circuit-open", "wasm circuit-open"],
    });
  });
});
