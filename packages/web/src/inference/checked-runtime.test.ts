import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFakeRuntime, END_ID, predictionOf } from "../../test/fake-runtime.ts";
import { tokenizerConfig, tokenizerJson } from "../../test/tiny-tokenizer.ts";
import { VlmError } from "../protocol/errors.ts";
import type { Device, ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { DecoderForm } from "../protocol/result.ts";
import { fastvlm05b } from "../catalog/fastvlm-05b.ts";
import { decoderFormOf, type CheckableRuntime } from "../engines/checkable-runtime.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import { createVerdictStore } from "./check-verdict.ts";
import { createCheckedRuntime, type CheckReport } from "./checked-runtime.ts";
import { FASTVLM_PROMPT } from "../families/fastvlm/fastvlm.ts";
import { FASTVLM_IMAGES } from "../families/fastvlm/images.ts";
import { createTextCodec } from "./tokenizer.ts";

const codec = createTextCodec(tokenizerJson, tokenizerConfig, FASTVLM_PROMPT);
const ANSWER = [7, 8, 9, END_ID];

interface Machine {
  readonly device?: Device;
  /** The best form that the device can run. */
  readonly best?: DecoderForm;
  /** What each form answers; the plain one's where it is not named. Undefined fails to run. */
  readonly answers?: Partial<Record<DecoderForm, readonly number[] | undefined>>;
  /** Whether one scale rounds all positions of a run. */
  readonly sharesScale?: boolean;
  /** How far one logit of 10 is off in the rewritten form. */
  readonly rounding?: number;
  /** Whether a prompt in pieces has other logits. */
  readonly isPiecemeal?: boolean;
  /** An engine that runs a decoder as its file has it, and knows nothing else. */
  readonly hasOneForm?: boolean;
  /** How long a step takes in each form. */
  readonly stepMs?: Partial<Record<DecoderForm, number>>;
  /** What loading the plain graph throws. */
  readonly plainFails?: VlmError;
}

let log: string[];
let store: ReturnType<typeof createMemoryStore>;

beforeEach(() => {
  log = [];
  store = createMemoryStore();
  // Steps take the time that the machine says.
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A device whose decoder answers by its form. */
function create(machine: Machine, wanted: DecoderForm): CheckableRuntime {
  const { device = "wasm", best = "rewritten", answers = {} } = machine;
  const formOf = (one: DecoderForm): DecoderForm =>
    one === "captured" && best === "rewritten" ? "rewritten" : one;
  let form = formOf(wanted);
  log.push(`load ${form}`);
  const answerOf = (): readonly number[] | undefined =>
    form in answers ? answers[form] : (answers.plain ?? ANSWER);
  return {
    ...createFakeRuntime([0]),
    device,
    ...(machine.hasOneForm !== true && {
      decoder: {
        get form() {
          return form;
        },
        sharesScale: machine.sharesScale ?? false,
        reload: (next: DecoderForm) => {
          form = formOf(next);
          log.push(`reload ${form}`);
          return Promise.resolve();
        },
      },
    }),
    encodeImage: ({ data, size }) =>
      Promise.resolve({
        tokens: (size / 64) ** 2,
        values: new Float32Array(data.subarray(0, (size / 64) ** 2 * 4)),
      }),
    startDecoding: () => ({
      ...createFakeRuntime([0]).startDecoding(),
      append: (parts) => {
        const answer = answerOf();
        if (!answer) return Promise.reject(sessionFailed);
        vi.advanceTimersByTime(machine.stepMs?.[form] ?? 0);
        const part = parts.at(-1)!;
        const ids = part.kind === "tokens" ? part.ids : [];
        const at = answer.indexOf(ids.at(-1) ?? -1); // -1 after a prompt
        const logits = new Float32Array(END_ID + 1);
        logits[answer[at + 1] ?? answer.at(-1)!] = 10;
        if (form !== "plain") logits[0] = machine.rounding ?? 0;
        if (machine.isPiecemeal && at === -1 && ids.length === 1) logits.reverse();
        return Promise.resolve(predictionOf(logits));
      },
    }),
    dispose: () => {
      log.push("dispose");
      return Promise.resolve();
    },
  };
}

const sessionFailed = new VlmError("session-failed", "It failed.", {
  device: "webgpu",
  stage: "run",
  graph: "decoder",
});
const outOfMemory = new VlmError("out-of-memory", "It is full.", { device: "wasm" });

/** Loads the model on the machine, as a visit to a page does. */
async function visit(
  machine: Machine,
  { model = fastvlm05b({ imageSize: 64 }), circumstances = "decoder-rewrite-1, cpu" } = {},
) {
  log.length = 0;
  const report: CheckReport = {
    onCompared: (check, likeness, form) =>
      log.push(`${check} ${form ?? ""} ${likeness.toFixed(2)}`),
    onSkipped: (check, reason) => log.push(`skip ${check}: ${reason}`),
    onRefused: ({ form }, runs) => log.push(`${form} refused, ${runs} runs`),
    onChecked: () => log.push("checked"),
    onTimed: (form) => log.push(`timed ${form}`),
  };
  return createCheckedRuntime({
    create: (form) => {
      if (form === "plain" && machine.plainFails) return Promise.reject(machine.plainFails);
      return Promise.resolve(create(machine, form));
    },
    codec,
    setup: { prompt: FASTVLM_PROMPT, images: FASTVLM_IMAGES },
    model,
    endIds: new Set([END_ID]),
    verdicts: createVerdictStore(store, { model, variant: "int8", circumstances }),
    report,
  });
}

describe("the first load of files without stored numbers", () => {
  it("asks the file's own graph and the rewritten one, one after the other, and keeps the second", async () => {
    const runtime = await visit({});
    expect(decoderFormOf(runtime)).toBe("rewritten");
    expect(log).toEqual([
      "load plain",
      "reload rewritten",
      "rewritten-decoder rewritten 1.00",
      "pieces  1.00",
      "checked",
    ]);
  });

  it("is the only one that asks", async () => {
    await visit({});
    await visit({});
    expect(log).toEqual(["load rewritten"]);
    await visit({ device: "webgpu" }, { circumstances: "decoder-rewrite-1, gpu" });
    await visit({ device: "webgpu" }, { circumstances: "decoder-rewrite-1, gpu" });
    expect(log).toEqual(["load rewritten", "checked"]);
  });

  it("is repeated when the rewrite, the device or the files are others", async () => {
    await visit({});
    await visit({}, { circumstances: "decoder-rewrite-2, cpu" });
    expect(log[0]).toBe("load plain");
  });

  it("runs the file's own graph where the rewritten one gives other numbers, then and later", async () => {
    const machine = { answers: { rewritten: [7, 3, 9, END_ID] } };
    expect(decoderFormOf(await visit(machine))).toBe("plain");
    expect(log).toContain("rewritten refused, plain runs");
    expect(decoderFormOf(await visit(machine))).toBe("plain");
    expect(log).toEqual(["load plain", "rewritten refused, plain runs"]);
  });

  it("lets numbers be rounded otherwise only where one scale rounds all positions, and on a CPU", async () => {
    const form = async (machine: Machine): Promise<DecoderForm> => {
      store = createMemoryStore();
      return decoderFormOf(await visit({ rounding: 2.5, ...machine })); // A cosine of 0.97.
    };
    expect(await form({ sharesScale: true })).toBe("rewritten");
    expect(await form({ sharesScale: false })).toBe("plain");
    expect(await form({ sharesScale: true, device: "webgpu" })).toBe("plain");
  });

  it("runs steps where captured ones give other numbers, or fail", async () => {
    for (const captured of [[7, 3, 9, END_ID], undefined]) {
      store = createMemoryStore();
      const machine: Machine = { device: "webgpu", best: "captured", answers: { captured } };
      expect(decoderFormOf(await visit(machine))).toBe("rewritten");
      expect(log).toContain("captured refused, rewritten runs");
      await visit(machine);
      expect(log[0]).toBe("load rewritten");
    }
  });

  it("compares nothing for an engine that runs a decoder in one way only", async () => {
    const machine = { hasOneForm: true };
    expect(decoderFormOf(await visit(machine))).toBe("plain");
    expect(log).toEqual(["load plain", "pieces  1.00", "checked"]);
    await visit(machine);
    expect(log).toEqual(["load plain"]);
  });

  it("turns the device down where the file's own graph turns in a circle", async () => {
    await expect(visit({ answers: { plain: [5] } })).rejects.toMatchObject({
      code: "device-check-failed",
      details: { check: "tokens before an answer of 32 turns in a circle", actual: 1, limit: 32 },
    });
  });

  it("turns a CPU down that answers a prompt in pieces otherwise", async () => {
    await expect(visit({ isPiecemeal: true })).rejects.toMatchObject({
      code: "device-check-failed",
      details: { check: "agreement of a prompt with the same in pieces" },
    });
  });

  it("does without where there is no memory for the file's own graph, and says so", async () => {
    const machine = { plainFails: outOfMemory };
    expect(decoderFormOf(await visit(machine))).toBe("rewritten");
    expect(log).toEqual(["skip rewritten-decoder: out-of-memory", "load rewritten", "checked"]);
    await visit(machine);
    expect(log).toEqual(["load rewritten"]);
  });
});

describe("a model with stored numbers", () => {
  const model: ModelDescriptor = {
    ...fastvlm05b({ imageSize: 64 }),
    selfCheck: {
      prompt: "Describe.",
      expectedTokenIds: [7, 8],
      features: [0.8, 0.8],
      featureStride: 2,
      minCosine: 0.5,
    },
  };
  it("is compared with them, and with nothing else", async () => {
    await visit({}, { model });
    expect(log).toEqual(["load rewritten", "checked"]);
  });

  it("is compared once on a CPU, which computes the same again, and at each load on a GPU", async () => {
    await visit({}, { model });
    await visit({}, { model });
    expect(log).toEqual(["load rewritten"]);
    await visit({ device: "webgpu" }, { model, circumstances: "gpu" });
    await visit({ device: "webgpu" }, { model, circumstances: "gpu" });
    expect(log).toEqual(["load rewritten", "checked"]);
  });
});

describe("captured steps", () => {
  const machine: Machine = {
    device: "webgpu",
    best: "captured",
    stepMs: { captured: 5, rewritten: 4 },
  };

  it("are kept where they take as long as steps that are run", async () => {
    expect(decoderFormOf(await visit(machine))).toBe("captured");
    expect(log.slice(-4)).toEqual([
      "timed captured",
      "reload rewritten",
      "timed rewritten",
      "reload captured",
    ]);
    expect(decoderFormOf(await visit(machine))).toBe("captured");
    expect(log).toEqual(["load captured", "checked"]);
  });

  it("are not used where they take longer, then and later", async () => {
    const slow = { ...machine, stepMs: { captured: 12, rewritten: 4 } };
    expect(decoderFormOf(await visit(slow))).toBe("rewritten");
    expect(log.slice(-4)).toEqual([
      "timed captured",
      "reload rewritten",
      "timed rewritten",
      "checked",
    ]);
    expect(decoderFormOf(await visit(slow))).toBe("rewritten");
    expect(log).toEqual(["load rewritten", "checked"]);
  });
});
