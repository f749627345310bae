/**
 * What the model's small files say, wherever an exporter puts it: Apple's own config has the decoder's
 * settings at the top, that of transformers' `fast_vlm` in `text_config`.
 */

import { VlmError } from "../../protocol/errors.ts";
import type { ConfigFiles } from "../family.ts";

export interface FastVlmConfig {
  /** Positions that a sequence may have. */
  readonly maxPositions: number;
  /** Ids that end an answer. */
  readonly endIds: readonly number[];
}

/** @throws {VlmError} `model-invalid` */
export function readFastVlmConfig({ config, generation }: ConfigFiles): FastVlmConfig {
  const places = [config, isRecord(config) ? config["text_config"] : undefined].filter(isRecord);
  return {
    maxPositions: findNumber(places, "max_position_embeddings"),
    endIds: [...places, generation].flatMap(endIdsIn),
  };
}

/** @param places the first that has the number counts */
function findNumber(places: readonly Record<string, unknown>[], name: string): number {
  for (const place of places) {
    const value = place[name];
    if (typeof value === "number" && Number.isFinite(value)) return value;
  }
  throw new VlmError(
    "model-invalid",
    `The model's config.json has no number \`${name}\`, neither at its top nor in \`text_config\`. Add it.`,
    { file: "config.json", reason: `no ${name}` },
  );
}

/** One id, a list of them, or none. */
function endIdsIn(place: unknown): number[] {
  const ids = isRecord(place) ? place["eos_token_id"] : undefined;
  return [ids].flat().filter((id) => typeof id === "number");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
