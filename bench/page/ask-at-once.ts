import type { Engine } from "./engine.ts";

/** The same call from many places at once, and how long each waited. */
export async function callAtOnce(
  callers: number,
  call: () => Promise<unknown>,
): ReturnType<Engine["askAtOnce"]> {
  const startedAt = performance.now();
  const waitsMs = await Promise.all(
    Array.from({ length: callers }, async () => {
      await call();
      return performance.now() - startedAt;
    }),
  );
  return { totalMs: performance.now() - startedAt, waitsMs };
}
