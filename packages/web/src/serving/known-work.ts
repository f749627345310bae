/** Remembers what a worker has worked on, so that a call can go where part of its work is done. */

import { LruMap } from "../shared/lru-map.ts";
import { imagesOf, type NodeCall } from "./node.ts";

/** A worker keeps the features and KV caches of a few images only. A wrong guess costs the work that it would have saved. */
const MAX_KNOWN = 32;

/** Encoding an image takes most of a call's time before its first token. */
const IMAGE_SHARE = 0.9;

export interface KnownWork {
  note(call: NodeCall): void;
  /** The share of the call's work that is done, from 0 to 1. */
  shareOf(call: NodeCall): number;
  clear(): void;
}

export function createKnownWork(): KnownWork {
  const images = new LruMap<string, true>({ max: MAX_KNOWN });
  const prompts = new LruMap<string, true>({ max: MAX_KNOWN });
  return {
    note(call) {
      for (const { id } of imagesOf(call)) if (id !== undefined) images.set(id, true);
      const prompt = promptStartOf(call);
      if (prompt !== undefined) prompts.set(prompt, true);
    },
    shareOf(call) {
      const all = imagesOf(call);
      const known = all.filter(({ id }) => id !== undefined && images.get(id));
      const prompt = promptStartOf(call);
      const hasPrompt = prompt !== undefined && prompts.get(prompt) === true;
      // Without images, all of the prefill is text.
      const textShare = all.length === 0 ? 1 : 1 - IMAGE_SHARE;
      const imageShare = all.length === 0 ? 0 : (IMAGE_SHARE * known.length) / all.length;
      return imageShare + (hasPrompt ? textShare : 0);
    },
    clear() {
      images.clear();
      prompts.clear();
    },
  };
}

/** What stands before the question: calls with the same beginning can share its KV cache. */
function promptStartOf(call: NodeCall): string | undefined {
  if (!("prompt" in call) || !call.reuses) return undefined;
  const images = call.images.map(({ id }) => id);
  if (images.includes(undefined)) return undefined;
  if (images.length === 0 && call.system === undefined && call.history.length === 0)
    return undefined;
  return JSON.stringify([images, call.system, call.history]);
}
