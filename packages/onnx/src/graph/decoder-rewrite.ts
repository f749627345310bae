/**
 * What is changed in a decoder's graph when it is loaded, so that a token costs less: fewer steps on
 * the GPU, no old keys and values out of the CPU's runs, and the logits of one position only. Each part is left as the file has it where its nodes
 * are not those that are known (decisions/2026-11-24-fewer-dispatches.md).
 */

import type { RewriteReport } from "./rewrite-report.ts";
import type { ByteSource } from "./byte-source.ts";
import { fuseBiases } from "./fuse-bias.ts";
import { fuseRotary } from "./fuse-rotary.ts";
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

/** Another text where the same file would be rewritten otherwise: what devices found out about it is then asked again. */
export const DECODER_REWRITE = "decoder-rewrite-1";

export interface DecoderRewriteOptions {
  readonly device: "webgpu" | "wasm";
  /**
   * What the graph is to call the file that its weights are in, for weights that are joined: the
   * runtime then has to find {@link DecoderRewrite.source} there. Without, none are.
   */
  readonly location?: string;
}

export interface DecoderRewrite {
  readonly edit: MessageEdit;
  readonly parts: RewriteSummary;
  /** The model's file, and behind its end the weights that were joined. */
  readonly source: ByteSource;
  /** Whether anything is left that reads the mask, whose length is another in each run. */
  readonly readsMask: boolean;
  /** The outputs that bring new keys and values, where a run gives no others. */
  readonly newPositions: NewPositions | undefined;
}

/** What was done. */
export interface RewriteSummary {
  /** Whose logits are computed. */
  readonly logits: "last" | "all";
  /** Products that add their bias themselves. */
  readonly biases: number;
  /** Attentions that rotate queries and keys themselves. */
  readonly rotary: number;
  /** Attentions whose queries, keys and values are one product. */
  readonly joined: number;
  /** Of which positions a run gives keys and values. */
  readonly kv: "new" | "all";
  /** Attentions that are products of their own, and take {@link ATTENTION_BIAS}. */
  readonly unfused: number;
  /** Attentions that are told the length of the sequence. */
  readonly positioned: number;
}

/** The decoder's input with a one for each position, [batch, total]. */
export const MASK = "attention_mask";

/** What can be done for a decoder, and what cannot. */
export interface DecoderPlan {
  /** Undefined where nothing is to be changed. */
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
  // On the GPU they stay where they are, whole, and no run copies them.
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
  const readsMask = draft.isRead(MASK);
  const edit = draft.toEdit();
  const isChanged = edit.replacements.size > 0 || edit.additions.length > 0;
  const rewrite = { edit, parts, source, readsMask, newPositions };
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
