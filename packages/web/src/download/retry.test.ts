import { describe, expect, it, vi } from "vitest";
import { downloadFailed, Interruption, type InterruptionKind } from "./interruption.ts";
import { retry } from "./retry.ts";

const NEVER = new AbortController().signal;
const HASTY = { retries: 2, retryDelayMs: 1 };

function interruption(kind: InterruptionKind, retryAfterMs?: number): Interruption {
  return new Interruption(kind, downloadFailed({ url: "a" }, "network", "broke off"), {
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** Fails as often as `outcomes` says: with progress before it, or without. */
function attempts(outcomes: ("fail" | "progress")[]) {
  const state = { count: 0 };
  const attempt = (onProgress: () => void): Promise<void> => {
    const outcome = outcomes[state.count++];
    if (outcome === "progress") onProgress();
    return outcome === undefined ? Promise.resolve() : Promise.reject(interruption("transient"));
  };
  return { state, attempt };
}

describe("retry", () => {
  it("tries until it succeeds", async () => {
    const { state, attempt } = attempts(["fail", "fail"]);
    const onRetry = vi.fn();
    await retry(attempt, HASTY, NEVER, onRetry);
    expect(state.count).toBe(3);
    expect(onRetry).toHaveBeenCalledTimes(2);
  });

  it("gives up after so many failures in a row", async () => {
    const { state, attempt } = attempts(["fail", "fail", "fail", "fail"]);
    const onRetry = vi.fn();
    await expect(retry(attempt, HASTY, NEVER, onRetry)).rejects.toBeInstanceOf(Interruption);
    expect(state.count).toBe(3);
    expect(onRetry).toHaveBeenCalledTimes(2);
  });

  it("takes a failure after progress for the first, even where it would have been the last", async () => {
    const { state, attempt } = attempts(["fail", "fail", "progress", "fail"]);
    await retry(attempt, HASTY, NEVER, vi.fn());
    expect(state.count).toBe(5);
    const hopeless = attempts(["fail", "fail", "progress", "fail", "fail", "fail"]);
    const onRetry = vi.fn();
    await expect(retry(hopeless.attempt, HASTY, NEVER, onRetry)).rejects.toThrow("broke off");
    expect(hopeless.state.count).toBe(5);
    expect(onRetry).toHaveBeenCalledTimes(4);
  });

  it("goes on for as long as there is progress", async () => {
    const { state, attempt } = attempts(Array.from({ length: 50 }, () => "progress"));
    await retry(attempt, { retries: 1, retryDelayMs: 1 }, NEVER, vi.fn());
    expect(state.count).toBe(51);
  });

  it.each([
    ["what will not pass", interruption("permanent")],
    ["a file that changed", interruption("changed")],
    ["what is no interruption", new Error("bug")],
    ["a TypeError of ours", new TypeError("bug")],
    ["a server that asks for too much patience", interruption("transient", 300_001)],
  ])("does not try again after %s", async (_, error) => {
    const attempt = vi.fn(() => Promise.reject(error));
    await expect(retry(attempt, HASTY, NEVER, vi.fn())).rejects.toBe(error);
    expect(attempt).toHaveBeenCalledTimes(1);
  });

  it("waits longer each time", async () => {
    const at: number[] = [];
    const attempt = (): Promise<void> => {
      at.push(performance.now());
      return Promise.reject(interruption("transient"));
    };
    await retry(attempt, { retries: 4, retryDelayMs: 20 }, NEVER, vi.fn()).catch(() => undefined);
    const waits = at.slice(1).map((time, index) => time - at[index]!);
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(20 * 2 ** index - 2);
    }
  });

  it("ends with the signal's reason, in an attempt and in the pause after it", async () => {
    const reason = new Error("enough");
    for (const retryAfterMs of [undefined, 60_000]) {
      const controller = new AbortController();
      const attempt = vi.fn(() => Promise.reject(interruption("transient", retryAfterMs)));
      const slow = { retries: 5, retryDelayMs: 60_000 };
      const retrying = retry(attempt, slow, controller.signal, vi.fn());
      setTimeout(() => {
        controller.abort(reason);
      }, 20);
      await expect(retrying).rejects.toBe(reason);
      expect(attempt).toHaveBeenCalledTimes(1);
    }
  });
});
