/** Reads an answer through an automaton, byte by byte, because a token may end in the middle of a character. */

import type { Automaton, Step } from "./pattern.ts";
import { decodeCharacter, isContinuation, lengthOfCharacter } from "./utf8.ts";

/** Where reading has come to: a set of the automaton's states, and the first bytes of a character. */
interface Reading {
  readonly states: StateSet;
  readonly bytes: readonly number[];
}

interface StateSet {
  readonly steps: readonly Step[];
  /** The fewest bytes to an end. */
  readonly distance: number;
  /** Known next sets, by character. */
  readonly next: Map<string, StateSet | undefined>;
}

export interface Matcher {
  readonly start: Reading;
  /** @returns undefined if no match begins so */
  read(from: Reading, bytes: Uint8Array): Reading | undefined;
  /** The fewest bytes after which the answer is complete. */
  distance(reading: Reading): number;
}

export function createMatcher({ steps, jumps, last }: Automaton): Matcher {
  const distances = distancesTo(last, steps, jumps);
  const known = new Map<string, StateSet>();

  const closure = (seeds: Iterable<number>): StateSet => {
    const states = new Set(seeds);
    for (const state of states) for (const to of jumps[state]!) states.add(to);
    const sorted = [...states].sort((a, b) => a - b);
    const key = sorted.join();
    let set = known.get(key);
    if (!set) {
      set = {
        steps: sorted.flatMap((state) => steps[state]!),
        distance: Math.min(...sorted.map((state) => distances[state]!)),
        next: new Map(),
      };
      known.set(key, set);
    }
    return set;
  };

  const step = (from: StateSet, character: string): StateSet | undefined => {
    if (from.next.has(character)) return from.next.get(character);
    const to = from.steps.filter(({ by }) => by.has(character)).map((one) => one.to);
    const next = to.length === 0 ? undefined : closure(to);
    from.next.set(character, next);
    return next;
  };

  return {
    start: { states: closure([0]), bytes: [] },
    read(from, bytes) {
      let { states } = from;
      let begun = from.bytes;
      for (const byte of bytes) {
        begun = [...begun, byte];
        const length = lengthOfCharacter(begun[0]!);
        if (length === undefined || (begun.length > 1 && !isContinuation(byte))) return undefined;
        if (begun.length < length) continue;
        const character = decodeCharacter(begun);
        const next = character === undefined ? undefined : step(states, character);
        if (!next) return undefined;
        states = next;
        begun = [];
      }
      if (begun.length > 0 && !states.steps.some(({ by }) => by.hasFrom(begun))) return undefined;
      return { states, bytes: begun };
    },
    distance({ states, bytes }) {
      if (bytes.length === 0) return states.distance;
      const missing = lengthOfCharacter(bytes[0]!)! - bytes.length;
      const ways = states.steps.filter(({ by }) => by.hasFrom(bytes));
      return missing + Math.min(...ways.map(({ to }) => distances[to]!));
    },
  };
}

/** The fewest bytes from each state to the last. */
function distancesTo(
  last: number,
  steps: Automaton["steps"],
  jumps: Automaton["jumps"],
): Float64Array {
  const distances = new Float64Array(steps.length).fill(Infinity);
  distances[last] = 0;
  // States lead mostly to later ones, so that a few rounds from the end are enough.
  for (let hasChanged = true; hasChanged;) {
    hasChanged = false;
    for (let state = steps.length - 1; state >= 0; state--) {
      const ways = [
        ...jumps[state]!.map((to) => distances[to]!),
        ...steps[state]!.map(({ by, to }) => by.bytes + distances[to]!),
      ];
      const least = Math.min(distances[state]!, ...ways);
      if (least < distances[state]!) {
        distances[state] = least;
        hasChanged = true;
      }
    }
  }
  return distances;
}
