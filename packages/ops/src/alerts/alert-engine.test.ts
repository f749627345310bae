import { beforeEach, describe, expect, it } from "vitest";
import { createRecentSeries, type RecentSeries } from "../series/recent-series.ts";
import type { Point } from "../series/series.ts";
import { createAlertEngine, type AlertEngine } from "./alert-engine.ts";
import type { AlertEvent, AlertRule } from "./alert-rule.ts";
import { builtInAlerts } from "./built-in-alerts.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;

let now: number;
let recent: RecentSeries;
let events: AlertEvent[];
let engine: AlertEngine;

function start(rules: readonly AlertRule[]): void {
  now = 1_700_000_000_000;
  recent = createRecentSeries();
  events = [];
  engine = createAlertEngine(rules, (event) => events.push(event));
}

/** Lets time pass, and does what the app does every five seconds. */
function pass(milliseconds: number, every5s: () => void = () => undefined): void {
  for (const end = now + milliseconds; now < end;) {
    every5s();
    now += 5 * SECOND_MS;
    engine.evaluate((windowMs) => recent.list(windowMs, now), now);
  }
}

function measure(point: Partial<Point> & Pick<Point, "name" | "value">): void {
  recent.add({ unit: "1", attributes: {}, ...point }, now);
}

const firing = (): string[] => engine.listActive().map(({ rule }) => rule);
const types = (): string[] => events.map(({ type, alert }) => `${alert.rule} ${type}`);

const RULE: AlertRule = {
  name: "test",
  message: "Test.",
  severity: "warning",
  metric: "vlm.page.memory",
  aggregation: "last",
  windowMs: MINUTE_MS,
  above: 10,
  clearsAt: 8,
  forMs: 20 * SECOND_MS,
  cooldownMs: 60 * SECOND_MS,
};

describe("a rule", () => {
  const be = (value: number) => () => {
    measure({ name: "vlm.page.memory", unit: "By", value });
  };
  beforeEach(() => {
    start([RULE]);
  });

  it("fires only after its value was beyond the threshold for long enough", () => {
    pass(15 * SECOND_MS, be(11));
    pass(5 * SECOND_MS, be(9)); // It starts anew.
    pass(20 * SECOND_MS, be(11));
    expect(events).toEqual([]);
    pass(5 * SECOND_MS, be(12));
    expect(events).toMatchObject([
      { type: "alert-fired", timestamp: now, alert: { rule: "test", value: 12, threshold: 10 } },
    ]);
    pass(MINUTE_MS, be(12));
    expect(events).toHaveLength(1);
  });

  it("goes on firing until its value is back at the lower threshold", () => {
    pass(30 * SECOND_MS, be(11));
    pass(30 * SECOND_MS, be(9));
    expect(firing()).toEqual(["test"]);
    pass(5 * SECOND_MS, be(8));
    expect(types()).toEqual(["test alert-fired", "test alert-cleared"]);
    expect(events[1]!.alert.value).toBe(8);
  });

  it("does not fire again before it has cooled down", () => {
    pass(30 * SECOND_MS, be(11));
    pass(5 * SECOND_MS, be(1));
    pass(55 * SECOND_MS, be(11));
    expect(firing()).toEqual([]);
    pass(10 * SECOND_MS, be(11));
    expect(firing()).toEqual(["test"]);
  });

  it("clears when nothing is measured any more", () => {
    pass(30 * SECOND_MS, be(11));
    pass(2 * MINUTE_MS);
    expect(types()).toEqual(["test alert-fired", "test alert-cleared"]);
  });

  it("can be acknowledged while it fires, and keeps the first time", () => {
    expect(engine.acknowledge("test", now)).toBe(false);
    pass(30 * SECOND_MS, be(11));
    const at = now;
    expect(engine.acknowledge("test", at)).toBe(true);
    pass(5 * SECOND_MS, be(12));
    engine.acknowledge("test", now);
    expect(engine.listActive()).toMatchObject([{ acknowledgedAt: at, value: 12 }]);
    expect(engine.acknowledge("unknown", now)).toBe(false);
  });
});

describe("each built-in rule fires for its fault, and clears after it:", () => {
  const call =
    (device: string, seconds: number, cached = false) =>
    () => {
      const attributes = { "vlm.device": device, "vlm.cached": cached };
      measure({ name: "vlm.call.duration", unit: "s", value: seconds, attributes });
    };
  const calls = (answered: number, failed: number) => () => {
    const name = "vlm.calls";
    measure({ name, value: answered, attributes: { "vlm.outcome": "answered" } });
    measure({ name, value: failed, attributes: { "vlm.outcome": "failed" } });
    measure({ name, value: 3, attributes: { "vlm.outcome": "refused" } });
    measure({ name, value: 3, attributes: { "vlm.outcome": "aborted" } });
  };
  const one = (name: string, unit: string, value: number) => () => {
    measure({ name, unit, value });
  };
  const loads = (fallbacks: number) => () => {
    measure({ name: "vlm.model.load.duration", unit: "s", value: 2 });
    measure({ name: "vlm.backend.fallback", value: fallbacks });
  };

  const FAULTS: Readonly<Record<string, readonly [bad: () => void, good: () => void]>> = {
    "latency-webgpu": [call("webgpu", 0.7), call("webgpu", 0.3)],
    "latency-wasm": [call("wasm", 12), call("wasm", 3)],
    "confidence-low": [one("vlm.confidence.mean", "1", 0.2), one("vlm.confidence.mean", "1", 0.9)],
    "memory-high": [one("vlm.page.memory", "By", 1.6e9), one("vlm.page.memory", "By", 1e9)],
    errors: [calls(100_000, 2), calls(5, 0)],
    "success-rate-low": [calls(50, 0.5), calls(50, 0)],
    fallbacks: [loads(1), loads(0)],
    "cache-corrupt": [one("vlm.model.cache.corruptions", "1", 1), () => undefined],
    "storage-not-persisted": [
      one("vlm.storage.persisted", "1", 0),
      one("vlm.storage.persisted", "1", 1),
    ],
  };

  it("there is a fault for each", () => {
    expect(builtInAlerts().map(({ name }) => name)).toEqual(Object.keys(FAULTS));
  });

  it.each(Object.entries(FAULTS))("%s", (name, [bad, good]) => {
    start(builtInAlerts());
    pass(2 * MINUTE_MS, good);
    expect(events).toEqual([]);
    pass(6 * MINUTE_MS, bad);
    expect(firing()).toEqual([name]);
    pass(11 * MINUTE_MS, good);
    expect(types()).toEqual([`${name} alert-fired`, `${name} alert-cleared`]);
  });

  it("fast answers from the cache do not hide slow ones that are computed", () => {
    start(builtInAlerts());
    pass(2 * MINUTE_MS, () => {
      call("webgpu", 0.7)();
      for (let n = 0; n < 100; n++) call("webgpu", 0.001, true)();
    });
    expect(firing()).toEqual(["latency-webgpu"]);
  });

  it("one failure among few calls is no low success rate", () => {
    start(builtInAlerts());
    calls(3, 1)();
    pass(MINUTE_MS);
    expect(events).toEqual([]);
  });
});
