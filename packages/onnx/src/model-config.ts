import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { OnnxError } from "./errors.ts";

/** The decoder's shape: what its weights do not tell. */
export interface DecoderConfig {
  readonly hiddenSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  readonly vocabSize: number;
  readonly maxPositions: number;
  readonly ropeTheta: number;
  readonly rmsNormEps: number;
}

/**
 * Reads the decoder's shape from a `config.json` in Hugging Face's form (also from its `text_config`).
 *
 * @throws {OnnxError} `file-invalid` or `config-invalid`.
 */
export function readDecoderConfig(path: string): DecoderConfig {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new OnnxError(
      "file-invalid",
      { path },
      `${basename(path)} cannot be read as JSON. Point --config at the model's config.json.`,
      { cause },
    );
  }
  return parseDecoderConfig(json);
}

/**
 * The decoder's shape in a parsed `config.json`.
 *
 * @throws {OnnxError} `config-invalid` naming the field.
 */
export function parseDecoderConfig(json: unknown): DecoderConfig {
  const outer = asRecord(json);
  const config = { ...outer, ...asRecord(outer["text_config"]) };

  const number = (field: string, fallback?: number): number => {
    const value = config[field] ?? fallback;
    if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
    throw invalidField(field, `has to be a positive number, not ${JSON.stringify(value)}`);
  };
  const count = (field: string, fallback?: number): number => {
    const value = number(field, fallback);
    if (Number.isInteger(value)) return value;
    throw invalidField(field, `has to be a whole number, not ${value}`);
  };

  const hiddenSize = count("hidden_size");
  const attentionHeads = count("num_attention_heads");
  const keyValueHeads = count("num_key_value_heads", attentionHeads);
  if (attentionHeads % keyValueHeads !== 0) {
    throw invalidField(
      "num_key_value_heads",
      `has to divide num_attention_heads (${attentionHeads})`,
    );
  }
  const ropeParameters = asRecord(config["rope_parameters"]);
  return {
    hiddenSize,
    layers: count("num_hidden_layers"),
    attentionHeads,
    keyValueHeads,
    headDim: count("head_dim", hiddenSize / attentionHeads),
    vocabSize: count("vocab_size"),
    maxPositions: count("max_position_embeddings", 32768),
    ropeTheta: number("rope_theta", (ropeParameters["rope_theta"] as number | undefined) ?? 10000),
    rmsNormEps: number("rms_norm_eps", 1e-6),
  };
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function invalidField(field: string, reason: string): OnnxError {
  return new OnnxError("config-invalid", { field }, `config.json: "${field}" ${reason}.`);
}
