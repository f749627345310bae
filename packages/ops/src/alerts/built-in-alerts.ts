/** The rules that `createOps` has unless the app gives its own. */

import type { AlertRule } from "./alert-rule.ts";

const MINUTE_MS = 60_000;
const COMPUTED = { "vlm.cached": false };

/**
 * Returns the built-in rules, for an app to change, to add to, or to leave some out.
 *
 * @example
 * const rules = builtInAlerts().filter(({ name }) => name !== "storage-not-persisted");
 */
export function builtInAlerts(): readonly AlertRule[] {
  return [
    {
      name: "latency-webgpu",
      message: "95 % of the answers on the GPU took up to more than 0.5 s. Ask for fewer pixels.",
      severity: "warning",
      metric: "vlm.call.duration",
      filter: { ...COMPUTED, "vlm.device": "webgpu" },
      aggregation: "p95",
      windowMs: 5 * MINUTE_MS,
      minCount: 5,
      above: 0.5,
      clearsAt: 0.45,
      forMs: 30_000,
    },
    {
      name: "latency-wasm",
      message: "95 % of the answers on the CPU took up to more than 10 s. Ask for fewer pixels.",
      severity: "warning",
      metric: "vlm.call.duration",
      filter: { ...COMPUTED, "vlm.device": "wasm" },
      aggregation: "p95",
      windowMs: 5 * MINUTE_MS,
      minCount: 5,
      above: 10,
      clearsAt: 9,
      forMs: 30_000,
    },
    {
      name: "confidence-low",
      message: "The model is unsure of its answers. Look at which images they are about.",
      severity: "warning",
      metric: "vlm.confidence.mean",
      aggregation: "mean",
      windowMs: 5 * MINUTE_MS,
      minCount: 5,
      below: 0.3,
      clearsAt: 0.35,
      forMs: 30_000,
    },
    {
      name: "memory-high",
      message: "The page uses more than 1.5 GB. Phones end such pages. Use a smaller model.",
      severity: "critical",
      metric: "vlm.page.memory",
      aggregation: "last",
      windowMs: 5 * MINUTE_MS,
      above: 1.5e9,
      clearsAt: 1.4e9,
      forMs: 30_000,
    },
    {
      name: "errors",
      message:
        "More than 10 calls failed within a minute. Their types are in the metric vlm.calls.",
      severity: "critical",
      metric: "vlm.calls",
      filter: { "vlm.outcome": "failed" },
      aggregation: "count",
      windowMs: MINUTE_MS,
      above: 10,
      clearsAt: 5,
    },
    {
      name: "success-rate-low",
      message:
        "Fewer than 99.9 % of the calls were answered, not counting those that were refused.",
      severity: "critical",
      metric: "vlm.calls",
      filter: { "vlm.outcome": "answered" },
      aggregation: "share",
      of: { filter: { "vlm.outcome": ["answered", "failed"] } },
      windowMs: 10 * MINUTE_MS,
      minCount: 20,
      below: 0.999,
    },
    {
      name: "fallbacks",
      message: "More than a tenth of the loads fell back to another device. The events say why.",
      severity: "info",
      metric: "vlm.backend.fallback",
      aggregation: "share",
      of: { metric: "vlm.model.load.duration" },
      windowMs: 10 * MINUTE_MS,
      above: 0.1,
    },
    {
      name: "cache-corrupt",
      message: "Stored files were damaged, and were fetched again. A disk may be failing.",
      severity: "warning",
      metric: "vlm.model.cache.corruptions",
      aggregation: "count",
      windowMs: 10 * MINUTE_MS,
      above: 0,
    },
    {
      name: "storage-not-persisted",
      message: "The browser may evict the models. Ask for persistence after a gesture of the user.",
      severity: "info",
      metric: "vlm.storage.persisted",
      aggregation: "last",
      windowMs: 2 * MINUTE_MS,
      below: 1,
      forMs: 30_000,
    },
  ];
}
