import { afterEach, expect, it, vi } from "vitest";
import { DEFAULT_IMAGE_LIMITS } from "../image/limits.ts";
import type { WireImage } from "../wire/worker-api.ts";
import { takeImages } from "./take-images.ts";

/** A browser that keeps waiting, and hears no signal. */
const { snapshots } = vi.hoisted(() => ({ snapshots: [] as Promise<unknown>[] }));
vi.mock("./image-source.ts", () => ({ toWireImage: () => snapshots.shift() }));

afterEach(() => {
  snapshots.length = 0;
});

const take = (timeoutMs: number, signals: readonly AbortSignal[] = []) =>
  takeImages([new Blob(), new Blob()], {
    signals,
    timeoutMs,
    limits: DEFAULT_IMAGE_LIMITS,
    network: "any",
    decoders: {},
    seen: { side: 256, fit: undefined },
  });

it("ends in time, whatever a browser waits for, and frees what comes late", async () => {
  const close = vi.fn();
  const bitmap = { kind: "bitmap", bitmap: { close } } as unknown as WireImage;
  let arrive!: (image: WireImage) => void;
  const late = new Promise<WireImage>((resolve) => (arrive = resolve));
  snapshots.push(Promise.resolve(bitmap), late);
  await expect(take(20)).rejects.toMatchObject({ code: "timeout", details: { stage: "source" } });
  expect(close).toHaveBeenCalledTimes(1);
  arrive(bitmap);
  await late;
  expect(close).toHaveBeenCalledTimes(2);
});

it("ends with the reason of a signal", async () => {
  snapshots.push(new Promise(() => undefined), new Promise(() => undefined));
  const user = new AbortController();
  const waiting = take(10_000, [user.signal]);
  user.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
});
