import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { CircuitChange } from "../protocol/circuit.ts";
import { VlmError } from "../protocol/errors.ts";
import {
  DeviceCircuits,
  FAULTS_UNTIL_OPEN,
  OPEN_MS,
  SUCCESSES_UNTIL_FORGOTTEN,
} from "./device-circuits.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});

afterEach(() => {
  vi.useRealTimers();
});

const lost = new VlmError("device-lost", "Gone.", { reason: "destroyed" });
const wrong = new VlmError("device-check-failed", "Wrong.", {
  device: "webgpu",
  check: "x",
  actual: 0,
  limit: 1,
});

function create() {
  const changes: CircuitChange[] = [];
  const circuits = new DeviceCircuits((change) => changes.push(change));
  const lose = async (times: number): Promise<void> => {
    for (let time = 0; time < times; time++) circuits.noteError("webgpu", lost);
    await circuits.settled();
  };
  return { circuits, changes, lose, states: () => changes.map(({ state }) => state) };
}

const fail = (error: unknown) => (): Promise<never> => Promise.reject(error);

describe("DeviceCircuits", () => {
  it("opens after some faults of a device, says why, and leaves the other device alone", async () => {
    const { circuits, changes, lose } = create();
    await lose(FAULTS_UNTIL_OPEN.webgpu - 1);
    expect(circuits.whyNot("webgpu")).toBeUndefined();
    await lose(1);
    expect(circuits.whyNot("webgpu")?.message).toContain("WebGPU failed repeatedly");
    expect(circuits.whyNot("wasm")).toBeUndefined();
    expect(changes).toEqual([
      { device: "webgpu", state: "open", reason: "device-lost", retryAfterMs: OPEN_MS[0] },
    ]);
  });

  it.each(["wasm-missing", "wasm-is-page"] as const)(
    "counts %s, because another device has other files",
    async (reason) => {
      const { circuits } = create();
      const error = new VlmError("start-failed", "No file.", { phase: "wasm", reason });
      await expect(circuits.load("webgpu", fail(error))).rejects.toBe(error);
      expect(circuits.reportOf("webgpu")).toMatchObject({ faults: 1, reason: "start-failed" });
    },
  );

  it("counts a load that fails, and gives its error", async () => {
    const { circuits } = create();
    await expect(circuits.load("webgpu", fail(wrong))).rejects.toBe(wrong);
    expect(circuits.reportOf("webgpu")).toMatchObject({ faults: 1, reason: wrong.code });
  });

  it.each([
    new VlmError("download-failed", "Offline.", { url: "x", reason: "network" }),
    new VlmError("start-failed", "Slow.", { phase: "wasm", reason: "timeout" }),
    new VlmError("start-failed", "No script.", { phase: "script", reason: "script-missing" }),
    new VlmError("start-failed", "Forbidden.", { phase: "wasm", reason: "wasm-blocked" }),
    new VlmError("worker-crashed", "No script.", { phase: "start" }),
    new VlmError("image-too-large", "Big.", { what: "side", actual: 2, limit: 1 }),
    new DOMException("enough", "AbortError"),
  ])("counts no %o, for which no device is to blame", async (error) => {
    const { circuits } = create();
    for (let time = 0; time < 5; time++) {
      circuits.noteError("webgpu", error);
      await expect(circuits.load("webgpu", fail(error))).rejects.toBe(error);
    }
    await circuits.settled();
    expect(circuits.reportOf("webgpu")).toMatchObject({ state: "closed", faults: 0 });
  });

  it("forgets faults after many answers, and not after one", async () => {
    const { circuits, lose } = create();
    const answer = async (times: number): Promise<void> => {
      for (let time = 0; time < times; time++) circuits.noteSuccess("webgpu");
      await circuits.settled();
    };
    await lose(1);
    await answer(SUCCESSES_UNTIL_FORGOTTEN.webgpu);
    expect(circuits.reportOf("webgpu").faults).toBe(0);
    await lose(1);
    await answer(SUCCESSES_UNTIL_FORGOTTEN.webgpu - 1);
    await lose(1);
    expect(circuits.reportOf("webgpu").state).toBe("open");
  });

  it("forgets faults of WASM, which nothing replaces, after a load and an answer", async () => {
    const { circuits } = create();
    for (let time = 0; time < 5; time++) {
      circuits.noteError("wasm", wrong);
      await circuits.load("wasm", () => Promise.resolve());
      circuits.noteSuccess("wasm");
    }
    await circuits.settled();
    expect(circuits.reportOf("wasm")).toMatchObject({ state: "closed", faults: 0 });
    // Loads alone forgive nothing: a worker that dies at every call is a fault each time.
    for (let time = 0; time < 3; time++) {
      circuits.noteError("wasm", wrong);
      await circuits.load("wasm", () => Promise.resolve()).catch(() => undefined);
    }
    await circuits.settled();
    expect(circuits.reportOf("wasm").state).toBe("open");
  });

  it("closes when a trial succeeds", async () => {
    const { circuits, lose, states } = create();
    await lose(2);
    vi.setSystemTime(Date.now() + OPEN_MS[0]!);
    expect(circuits.whyNot("webgpu")).toBeUndefined();
    expect(await circuits.load("webgpu", () => Promise.resolve(7))).toBe(7);
    expect(states()).toEqual(["open", "half-open", "closed"]);
    await lose(1);
    expect(circuits.reportOf("webgpu")).toMatchObject({ state: "closed", faults: 1 });
  });

  it("stays open for longer after each trial that fails, up to a limit", async () => {
    const { circuits, lose } = create();
    await lose(2);
    for (const openMs of [...OPEN_MS, OPEN_MS.at(-1)!]) {
      vi.setSystemTime(Date.now() + openMs - 1);
      expect(circuits.whyNot("webgpu")).toBeDefined();
      vi.setSystemTime(Date.now() + 1);
      expect(circuits.whyNot("webgpu")).toBeUndefined();
      await expect(circuits.load("webgpu", fail(wrong))).rejects.toBe(wrong);
    }
  });
});
