import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { sleep, waitFor } from "./abortable-wait.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it("waits for the call back, and undoes what was set up", async () => {
  const undo = vi.fn();
  let resume = (): void => undefined;
  const wait = waitFor(new AbortController().signal, (callBack) => {
    resume = callBack;
    return undo;
  });
  expect(undo).not.toHaveBeenCalled();
  resume();
  await wait;
  expect(undo).toHaveBeenCalledOnce();
});

it("ends at once with the signal's reason, and undoes what was set up", async () => {
  const controller = new AbortController();
  const undo = vi.fn();
  const wait = waitFor(controller.signal, () => undo);
  const reason = new Error("enough");
  controller.abort(reason);
  await expect(wait).rejects.toBe(reason);
  expect(undo).toHaveBeenCalledOnce();
});

it("sets nothing up when the signal is aborted already", async () => {
  const start = vi.fn();
  const reason = new Error("enough");
  await expect(waitFor(AbortSignal.abort(reason), start)).rejects.toBe(reason);
  expect(start).not.toHaveBeenCalled();
});

it("leaves no listener on the signal", async () => {
  const { signal } = new AbortController();
  const add = vi.spyOn(signal, "addEventListener");
  const remove = vi.spyOn(signal, "removeEventListener");
  const nap = sleep(100, signal);
  await vi.advanceTimersByTimeAsync(100);
  await nap;
  expect(add).toHaveBeenCalledOnce();
  expect(remove.mock.calls).toEqual([["abort", add.mock.calls[0]![1]]]);
});

it("sleeps for its time, and leaves no timer when it is woken", async () => {
  const controller = new AbortController();
  const woken = vi.fn();
  void sleep(100, controller.signal).then(woken);
  await vi.advanceTimersByTimeAsync(99);
  expect(woken).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(woken).toHaveBeenCalledOnce();
  const cut = sleep(100, controller.signal);
  controller.abort();
  await expect(cut).rejects.toThrow("aborted");
  expect(vi.getTimerCount()).toBe(0);
});
