import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { workersFor } from "./staffing.ts";

describe("workersFor", () => {
  it("needs none without calls, and more than are busy with them", () => {
    expect(workersFor(0, 300, 500, 8)).toBe(0);
    expect(workersFor(2 / 300, 300, 500, 8)).toBe(3);
    expect(workersFor(0.01 / 300, 300, 500, 8)).toBe(1);
  });

  it("agrees with tables of Erlang's formula", () => {
    // Calls that should not wait at all: the tables tell how many of 100 do.
    const enough = (busy: number): number => workersFor(busy, 1, 1e-9, 99);
    expect(enough(1)).toBe(4); // 9.1 with three workers, 2.0 with four
    expect(enough(3)).toBe(7); // 9.9 with six, 3.8 with seven
  });

  it("needs no fewer for more calls, and no more where they may wait longer", () => {
    const busy = fc.double({ min: 0, max: 20, noNaN: true });
    const waitMs = fc.integer({ min: 1, max: 20_000 });
    fc.assert(
      fc.property(busy, busy, waitMs, waitMs, (a, b, c, d) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        const [short, long] = [Math.min(c, d), Math.max(c, d)];
        const count = workersFor(less / 300, 300, short, 64);
        expect(count).toBeLessThanOrEqual(workersFor(more / 300, 300, short, 64));
        expect(count).toBeGreaterThanOrEqual(workersFor(less / 300, 300, long, 64));
        expect(count).toBeGreaterThanOrEqual(Math.floor(less));
      }),
    );
  });
});
