import type { PoolOptions, ScalingOptions } from "../protocol/scaling.ts";
import type { ScalingSettings } from "./decide.ts";

export function resolveScaling(pool: PoolOptions, scaling: ScalingOptions = {}): ScalingSettings {
  const { min = 1, max = 1 } = pool;
  return {
    min,
    max: Math.max(1, min, max),
    targetWaitMs: scaling.targetWaitMs,
    targetLatencyMs: scaling.targetLatencyMs ?? Infinity,
    cooldownUpMs: scaling.cooldownUpMs ?? 1000,
    cooldownDownMs: scaling.cooldownDownMs ?? 30_000,
    idleMs: scaling.idleMs ?? 60_000,
    prediction: scaling.prediction ?? "holt",
  };
}
