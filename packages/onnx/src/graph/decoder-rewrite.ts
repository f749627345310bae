/**
 * Changes a decoder's graph when it is loaded, so that a token costs less. The GPU takes fewer steps, runs on the CPU do
 * not return old keys and values, and logits are computed for one position only. A part of the graph whose nodes are not
 * known stays as the file has it (decisions/2026-11-24-fewer-dispatches.md).
 */

import type { RewriteReport } from "./rewrite-report.ts";
import type { ByteSource } from "./byte-source.ts";
import { fuseBiases } from "./fuse-bias.ts";
import { fuseRotary, POSITIONS } from "./fuse-rotary.ts";
import { GraphDraft } from "./graph-draft.ts";
import { joinProducts } from "./join-products.ts";
import { JoinedFile } from "./joined-file.ts";
import { lastLogits } from "./last-logits.ts";
import type { GraphOutline } from "./model-outline.ts";
import { outputNewPositions, type NewPositions } from "./new-positions.ts";
import type { MessageEdit } from "./rewrite.ts";
import { RewriteLog } from "./rewrite-log.ts";
import { takeLengths } from "./sequence-lengths.ts";
import { unfuseAttention } from "./unfuse-attention.ts";
import { dropWideWindows } from "./wide-window.ts";

/** Change this text when the same file is rewritten in another way. Each device then checks the decoder again. */
export const DECODER_REWRITE = "decoder-rewrite-1";

export interface DecoderRewriteOptions {
  readonly device: "webgpu" | "wasm";
  /**
   * The name that the graph uses for the file with joined weights. The runtime has to find
   * {@link DecoderRewrite.source} under this name. Without a name, no weights are joined.
   */
  readonly location?: string;
}

export interface DecoderRewrite {
  readonly edit: MessageEdit;
  readonly parts: RewriteSummary;
  /** The model's file, followed by the weights that were joined. */
  readonly source: ByteSource;
  /** Whether a node still reads the mask, whose length differs from run to run. */
  readonly readsMask: boolean;
  /** Whether a node still reads the positions. Attention that rotates by itself counts them by the length of the sequence. */
  readonly readsPositions: boolean;
  /** The outputs with new keys and values; undefined if a run returns all of them. */
  readonly newPositions: NewPositions | undefined;
}

/** Which changes were made. */
export interface RewriteSummary {
  /** Whether logits are computed for the last position or for all. */
  readonly logits: "last" | "all";
  /** The number of products that add their bias themselves. */
  readonly biases: number;
  /** The number of attentions that rotate queries and keys themselves. */
  readonly rotary: number;
  /** The number of attentions whose queries, keys and values come from one product. */
  readonly joined: number;
  /** Whether a run returns the keys and values of new positions or of all. */
  readonly kv: "new" | "all";
  /** The number of attentions that were replaced by matrix products, which read {@link ATTENTION_BIAS}. */
  readonly unfused: number;
  /** The number of attentions that get the length of the sequence from the caller. */
  readonly positioned: number;
}

/** The decoder's input that has a 1 for each position, [batch, total]. */
export const MASK = "attention_mask";

/** Which changes are possible for a decoder, and why others are not. */
export interface DecoderPlan {
  /** Undefined if there is nothing to change. */
  readonly rewrite: DecoderRewrite | undefined;
  readonly rewrites: readonly RewriteReport[];
}

/** @throws {OnnxError} `model-invalid` */
export function planDecoder(
  model: GraphOutline,
  { device, location }: DecoderRewriteOptions,
): DecoderPlan {
  const log = new RewriteLog();
  const last = lastLogits(model, log);
  const draft = GraphDraft.of(model, last ?? { replacements: new Map(), additions: [] });
  if (!draft) return { rewrite: undefined, rewrites: [log.report("last-logits", 0)] };
  const windows = dropWideWindows(draft);
  const source = new JoinedFile(model.source);
  const isGpu = device === "webgpu";
  // On the GPU all keys and values stay in their buffers, and no run copies them.
  const newPositions = isGpu ? undefined : outputNewPositions(draft, log);
  const joins = isGpu && location !== undefined;
  const parts: RewriteSummary = {
    logits: last ? "last" : "all",
    biases: isGpu ? fuseBiases(draft, log) : 0,
    rotary: isGpu ? fuseRotary(draft, log) : 0,
    joined: joins ? joinProducts(draft, { file: source, location }, log) : 0,
    kv: newPositions ? "new" : "all",
    unfused: newPositions ? unfuseAttention(draft, log) : 0,
    positioned: isGpu ? takeLengths(draft, log) : 0,
  };
  const [readsMask, readsPositions] = [draft.isRead(MASK), draft.isRead(POSITIONS)];
  const edit = draft.toEdit();
  const isChanged = edit.replacements.size > 0 || edit.additions.length > 0;
  const rewrite = { edit, parts, source, readsMask, readsPositions, newPositions };
  if (!newPositions) log.miss("unfused-attention", "a run gives keys and values of all positions");
  const { biases, rotary, joined, positioned, unfused } = parts;
  const both = [log.report("last-logits", last ? 1 : 0), log.report("no-wide-window", windows)];
  return {
    rewrite: isChanged || last ? rewrite : undefined,
    rewrites: isGpu
      ? [
          ...both,
          log.report("fused-biases", biases),
          log.report("fused-rotation", rotary),
          log.report("joined-products", joined),
          log.report("told-lengths", positioned),
        ]
      : [
          ...both,
          log.report("new-positions", newPositions ? 1 : 0),
          log.report("unfused-attention", unfused),
        ],
  };
}

/**
 * @returns undefined where nothing is to be changed
 * @throws {OnnxError} `model-invalid`
 */
export function rewriteDecoder(
  model: GraphOutline,
  options: DecoderRewriteOptions,
): DecoderRewrite | undefined {
  return planDecoder(model, options).rewrite;
}
