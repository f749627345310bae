/** Keys of what the encoder is shown: equal keys, equal pixels. */

import type { ImageTensor } from "../engines/runtime.ts";
import type { ImagePlan } from "../families/family.ts";
import type { KnownImage } from "../storage/image-cache.ts";
import { sha256 } from "../storage/sha256.ts";

export async function tileKeyOf({ data, size }: ImageTensor): Promise<string> {
  return `${String(size)}:${await sha256(new Uint8Array(data.buffer as ArrayBuffer))}`;
}

/** An image of one tile is known by that tile. Of several it matters, too, how the prompt arranges them. */
export async function imageKeyOf(
  { pieces }: Pick<ImagePlan, "pieces">,
  tileKeys: readonly string[],
): Promise<Pick<KnownImage, "key" | "tileKeys">> {
  const [only] = tileKeys;
  if (tileKeys.length === 1 && only !== undefined) return { key: only };
  const arrangement = JSON.stringify([tileKeys, pieces]);
  return { key: await sha256(new TextEncoder().encode(arrangement)), tileKeys };
}

export function tileKeysOf({ key, tileKeys }: KnownImage): readonly string[] {
  return tileKeys ?? [key];
}
