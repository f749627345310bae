import { describe, expect, it } from "vitest";
import { makeCall, makeResult } from "../../test/results.ts";
import { resolveGenerationOptions } from "../schema/generation-options.ts";
import type { WireImage } from "../wire/worker-api.ts";
import { createResultMemory } from "./result-memory.ts";

const image = (id: string | undefined): WireImage => ({
  kind: "blob",
  blob: new Blob(),
  ...(id !== undefined && { id }),
});

const create = () => createResultMemory(() => 0);

describe("an answer that was given", () => {
  it("is given again, without the times of the first", () => {
    const memory = create();
    const call = makeCall({ images: [image("a")] });
    memory.remember(call, makeResult());
    const recalled = memory.recall({ ...call, id: 2, images: [image("a")] }, "int8")!;
    expect(recalled).toEqual({
      ...makeResult(),
      cached: true,
      tokensPerSecond: 0,
      timings: expect.objectContaining({
        visionMs: 0,
        timeToFirstTokenMs: 0,
        totalMs: 0,
      }) as unknown,
    });
  });

  it("is no answer to anything else", () => {
    const memory = create();
    const call = makeCall({ images: [image("a")] });
    memory.remember(call, makeResult());
    for (const other of [
      { ...call, prompt: "What is that?" },
      { ...call, system: "" },
      { ...call, images: [image("b")] },
      { ...call, images: [image("a"), image("a")] },
      { ...call, images: [] },
      { ...call, fit: "crop" as const },
      { ...call, detail: 64 },
      { ...call, stripLeadIn: true },
      { ...call, generation: resolveGenerationOptions({ maxNewTokens: 1 }) },
    ]) {
      expect(memory.recall(other, "int8")).toBeUndefined();
    }
    expect(memory.recall(call, "q4")).toBeUndefined();
    memory.clear();
    expect(memory.recall(call, "int8")).toBeUndefined();
  });

  it.each([
    ["nothing is to be remembered", { useCache: false }],
    ["the image has no name", { images: [image("a"), image(undefined)] }],
    ["it was drawn by lot", { generation: resolveGenerationOptions({ temperature: 1 }) }],
  ])("is forgotten where %s", (_, change) => {
    const memory = create();
    const call = makeCall(change);
    memory.remember(call, makeResult());
    expect(memory.recall(call, "int8")).toBeUndefined();
  });

  it("goes when a thousand others came after its last use", () => {
    const memory = create();
    const ask = (prompt: string) => makeCall({ prompt });
    memory.remember(ask("first"), makeResult());
    memory.remember(ask("second"), makeResult());
    for (let count = 0; count < 998; count++) memory.remember(ask(String(count)), makeResult());
    expect(memory.recall(ask("first"), "int8")).toBeDefined();
    memory.remember(ask("last"), makeResult());
    expect(memory.recall(ask("second"), "int8")).toBeUndefined();
    expect(memory.recall(ask("first"), "int8")).toBeDefined();
  });
});
