/** What decides how many workers there are: the policy of the kit, and what it is compared with. */

import { decide, startScaling, type Load, type ScalingSettings } from "../../src/scaling/decide.ts";

export interface Rule {
  readonly name: string;
  /** How many workers there are at the beginning. */
  readonly first: number;
  /** How many workers there should be from now on. */
  wanted(load: Load): number;
}

/** The policy that the kit runs, with its state. */
export function createPolicy(settings: ScalingSettings, name = "the kit's policy"): Rule {
  let state = startScaling(0);
  return {
    name,
    first: Math.max(1, settings.min),
    wanted(load) {
      const decision = decide(state, load, settings);
      ({ state } = decision);
      return decision.workers;
    },
  };
}

/** As many workers all the time. */
export function createFixed(workers: number): Rule {
  return { name: `fixed, ${String(workers)}`, first: workers, wanted: () => workers };
}

/**
 * What is usual where nothing is predicted: one worker more when more calls wait than there are workers, one less when none
 * waits and one has nothing to do, with the same cool-downs as the policy.
 */
export function createReactive({ min, max, cooldownUpMs, cooldownDownMs }: ScalingSettings): Rule {
  let changedAt = -Infinity;
  return {
    name: "reactive, by the queue",
    first: Math.max(1, min),
    wanted({ now, workers, running, waiting }) {
      const since = now - changedAt;
      const isShort = waiting > workers || (workers === 0 && waiting > 0);
      const change = (to: number): number => {
        changedAt = now;
        return to;
      };
      if (isShort && workers < max && since >= cooldownUpMs) return change(workers + 1);
      const hasTooMany = waiting === 0 && running < workers && workers > Math.max(1, min);
      return hasTooMany && since >= cooldownDownMs ? change(workers - 1) : workers;
    },
  };
}
