/**
 * Keeps the KV cache of sequences. A prompt that begins like an earlier one (with the same system text, image and earlier
 * turns) then runs only its new tokens.
 */

import type { Decoding, Prediction, PromptPart, Runtime } from "../engines/runtime.ts";

/** The content of one position: the id of a token, or the key of the image that covers it. */
type Unit = number | string;

/** A sequence that is being generated. */
interface Sequence {
  /** The number of positions that were in the cache already. */
  readonly reused: number;
  /** The rest of the prompt, which has to be appended. */
  readonly rest: readonly PromptPart[];
  /** What branches off here is the caller's; the sequence itself does not change. */
  readonly decoding: Pick<Decoding, "fork" | "length">;
  /** Like {@link Decoding.append}. */
  append(parts: readonly PromptPart[]): Promise<Prediction>;
  /** Keeps the sequence for later prompts, or frees it. */
  end(): void;
}

export interface SequenceCache {
  /** The bytes of all kept sequences. */
  readonly bytes: number;
  begin(parts: readonly PromptPart[]): Sequence;
  clear(): void;
}

interface KeptSequence {
  readonly units: readonly Unit[];
  readonly decoding: Decoding;
}

/**
 * @param maxBytes the greatest size of all kept KV caches; 0 keeps nothing
 * @param maxNewestBytes the newest is kept up to this size, even if it is larger than `maxBytes`. Then it is kept alone
 */
export function createSequenceCache(
  runtime: Pick<Runtime, "startDecoding">,
  maxBytes: number,
  maxNewestBytes = maxBytes,
): SequenceCache {
  const kept: KeptSequence[] = []; // the longest unused first
  const sumOfBytes = (): number => kept.reduce((sum, { decoding }) => sum + decoding.bytes, 0);
  const drop = (sequence: KeptSequence): void => {
    kept.splice(kept.indexOf(sequence), 1);
    sequence.decoding.dispose();
  };

  const keep = (sequence: KeptSequence): void => {
    for (const other of [...kept]) if (isPrefix(other.units, sequence.units)) drop(other);
    kept.push(sequence);
    while (sumOfBytes() > maxBytes && kept.length > 1) drop(kept[0]!);
    if (sequence.decoding.bytes > maxNewestBytes) drop(sequence);
  };

  const findBest = (units: readonly Unit[]): { from: KeptSequence; length: number } | undefined => {
    let best: { from: KeptSequence; length: number } | undefined;
    for (const from of kept) {
      const length = commonLength(from.units, units);
      if (length > (best?.length ?? 0)) best = { from, length };
    }
    return best;
  };

  return {
    get bytes() {
      return sumOfBytes();
    },
    begin(parts) {
      const best = findBest(parts.flatMap(unitsOf));
      const { reused, rest } = skip(parts, best?.length ?? 0);
      const decoding =
        best && reused > 0 ? best.from.decoding.fork(reused) : runtime.startDecoding();
      const units: Unit[] = best ? best.from.units.slice(0, reused) : [];
      if (best) kept.push(...kept.splice(kept.indexOf(best.from), 1)); // It was used.
      let isBroken = false;
      return {
        reused,
        rest,
        decoding,
        async append(added) {
          isBroken = true; // If this throws, the content of the KV cache is not known.
          const prediction = await decoding.append(added);
          isBroken = false;
          units.push(...added.flatMap(unitsOf));
          return prediction;
        },
        end() {
          if (isBroken || units.length === 0) decoding.dispose();
          else keep({ units, decoding });
        },
      };
    },
    clear() {
      for (const { decoding } of kept.splice(0)) decoding.dispose();
    },
  };
}

let unlike = 0;

function unitsOf(part: PromptPart): readonly Unit[] {
  if (part.kind === "tokens") return part.ids;
  const { key = `unlike any other: ${String(unlike++)}`, tokens } = part.features;
  return new Array<Unit>(tokens).fill(key);
}

function commonLength(some: readonly Unit[], others: readonly Unit[]): number {
  let length = 0;
  while (length < some.length && length < others.length && some[length] === others[length]) {
    length++;
  }
  return length;
}

function isPrefix(prefix: readonly Unit[], units: readonly Unit[]): boolean {
  return commonLength(prefix, units) === prefix.length;
}

/** Skips the first `length` positions, but never a part of an image, and never all, because the last one gives the logits. */
function skip(
  parts: readonly PromptPart[],
  length: number,
): { reused: number; rest: readonly PromptPart[] } {
  let reused = 0;
  for (const [index, part] of parts.entries()) {
    const size = part.kind === "tokens" ? part.ids.length : part.features.tokens;
    const isLast = index === parts.length - 1;
    if (reused + size <= length && !isLast) {
      reused += size;
      continue;
    }
    if (part.kind === "image") return { reused, rest: parts.slice(index) };
    const skipped = Math.min(length - reused, size - (isLast ? 1 : 0));
    const rest = { kind: "tokens", ids: part.ids.slice(skipped) } as const;
    return { reused: reused + skipped, rest: [rest, ...parts.slice(index + 1)] };
  }
  return { reused: 0, rest: parts };
}
