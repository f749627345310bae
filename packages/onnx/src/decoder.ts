// Qwen2 and Llama, as the public files and transformers.js expect them: embeddings in, logits out, keys and values of
// earlier tokens in and out. Attention is one GroupQueryAttention operator for each layer, which runs on WASM and WebGPU and,
// given the same buffer as past and present, appends in place.

import { decoderStyle, type FormOptions } from "./form.ts";
import { GraphBuilder, type ElementType } from "./graph-builder.ts";
import { Layers } from "./layers.ts";
import { matrixOf } from "./matrix.ts";
import type { DecoderConfig } from "./model-config.ts";
import type { Precision } from "./precision.ts";
import { assertShape, embeddingTableOf, type Weights } from "./weights.ts";

/** Choices about the decoder's graph. */
export interface DecoderOptions extends FormOptions {
  /** `MatMulNBits`' attribute: what q4 products may be calculated in (4 allows int8). Left to the runtime when absent. */
  accuracyLevel?: number;
  /**
   * Whose logits come out: all positions (as in the public files), or only the last position's,
   * which spares the vocabulary product for every other token of a prompt. Default `all`.
   */
  logits?: "all" | "last";
  /**
   * GroupQueryAttention's attribute: how many positions a token sees, itself among them; -1 for all. Left out when
   * absent, which means the same as -1. The model builder writes what the config says, and -1 where it says nothing.
   */
  localWindowSize?: number;
}

/**
 * The graph of the language model:
 *
 * - `inputs_embeds` float32 [batch, tokens, hidden], `attention_mask` int64 [batch, total],
 *   `position_ids` int64 [batch, tokens], `past_key_values.{layer}.{key,value}` [batch, kv heads, past, head dim]
 * - → `logits` float32 [batch, tokens, vocab], `present.{layer}.{key,value}` [batch, kv heads, total, head dim]
 *
 * Keys and values are float16 where the graph calculates in float16. Padding may only stand on the right.
 *
 * @throws {OnnxError} `tensor-missing`, `tensor-shape`, `config-invalid`
 */
export function decoder(
  weights: Weights,
  config: DecoderConfig,
  precision: Precision,
  options: DecoderOptions = {},
): GraphBuilder {
  return new Decoder(weights, config, precision, options).build();
}

class Decoder {
  readonly #weights: Weights;
  readonly #config: DecoderConfig;
  readonly #layers: Layers;
  readonly #graph: GraphBuilder;
  readonly #cacheType: ElementType;
  readonly #options: DecoderOptions;
  readonly #isExporters: boolean;
  readonly #table: string;
  /** What stands before the name of each layer: `model.`, or `model.text_model.` in SmolVLM. */
  readonly #prefix: string;
  #positions = "position_ids";

  constructor(
    weights: Weights,
    config: DecoderConfig,
    precision: Precision,
    options: DecoderOptions,
  ) {
    this.#weights = weights;
    this.#config = config;
    this.#options = options;
    this.#isExporters = options.form === "exporter";
    this.#table = embeddingTableOf(weights);
    this.#prefix = this.#table.slice(0, -"embed_tokens.weight".length);
    this.#graph = new GraphBuilder("decoder_model_merged", decoderStyle(options));
    this.#layers = new Layers(this.#graph, precision, options);
    this.#cacheType = precision.compute;
  }

  build(): GraphBuilder {
    const { hiddenSize, layers: layerCount, vocabSize } = this.#config;
    const graph = this.#graph;
    assertShape(this.#weights, this.#table, [vocabSize, hiddenSize]);

    let hidden = graph.input("inputs_embeds", "float32", [
      "batch_size",
      "sequence_length",
      hiddenSize,
    ]);
    const mask = graph.input("attention_mask", "int64", ["batch_size", "total_sequence_length"]);
    graph.input("position_ids", "int64", ["batch_size", "sequence_length"]);
    if (this.#isExporters) this.#positions = this.#reshapedPositions(hidden);
    const lengths = this.#lengths(mask);
    this.#rotaryTables();
    if (this.#cacheType === "float16") hidden = this.#layers.cast("embeds", hidden, "float16");

    // Each norm also adds what the layer before it produced, so the sum travels beside the normed values.
    let normed = this.#firstNorm(`${this.#prefix}layers.0.input_layernorm`, hidden);
    let sum = hidden; // [batch, tokens, hidden]
    for (let index = 0; index < layerCount; index++) {
      const layer = `${this.#prefix}layers.${index}`;
      const attended = this.#attention(index, `${layer}.self_attn`, normed, lengths);
      const afterAttention = this.#addAndNorm(`${layer}.post_attention_layernorm`, sum, attended);
      const fed = this.#feedForward(`${layer}.mlp`, afterAttention.normed);
      const isLast = index === layerCount - 1;
      const next = this.#prefix + (isLast ? "norm" : `layers.${index + 1}.input_layernorm`);
      ({ normed, sum } = this.#addAndNorm(next, afterAttention.sum, fed, { needsSum: !isLast }));
    }
    this.#logits(normed);
    return graph;
  }

  /** Positions in the shape that they have already, as the model builder passes Mistral's and Qwen's on. */
  #reshapedPositions(embeds: string): string {
    const graph = this.#graph;
    const name = "/model/pos_ids_reformat";
    const shape = graph.node("Shape", `${name}/Shape`, [embeds]);
    const tokens = graph.node("Gather", `${name}/Gather`, [shape, graph.integers("int64", 1)], {
      axis: { int: 0 },
    });
    const list = graph.node("Unsqueeze", `${name}/Unsqueeze`, [
      tokens,
      graph.integers("int64", [0]),
    ]);
    const sizes = graph.node("Concat", `${name}/Concat`, [graph.integers("int64", [-1]), list], {
      axis: { int: 0 },
    });
    return graph.node("Reshape", `${name}/Reshape`, [this.#positions, sizes]);
  }

  /** What GroupQueryAttention wants to know of the mask: the last valid index of each row, and the full length. */
  #lengths(mask: string): { lastIndex: string; total: string } {
    const graph = this.#graph;
    // In int64 as long as possible: WebGPU leaves that to the CPU, where these few numbers lie anyway.
    const valid = graph.node("ReduceSum", "mask.valid", [mask, graph.integers("int64", [1])], {
      keepdims: { int: this.#isExporters ? 1 : 0 },
    });
    const last = graph.node("Sub", "mask.last", [valid, graph.integers("int64", [1])]); // [batch] or [batch, 1]
    const shape = graph.node("Shape", "mask.shape", [mask]);
    const total = graph.node("Gather", "mask.total", [shape, graph.integers("int64", 1)]);
    return {
      lastIndex: this.#layers.cast("mask.last_index", last, "int32"),
      total: this.#layers.cast("mask.total_length", total, "int32"),
    };
  }

  /** cos and sin of every position and frequency, [positions, head dim / 2]. */
  #rotaryTables(): void {
    const { headDim, maxPositions, ropeTheta } = this.#config;
    const half = headDim / 2;
    const table = (wave: (angle: number) => number) => () => {
      const values = new Float32Array(maxPositions * half);
      for (let frequency = 0; frequency < half; frequency++) {
        // PyTorch calculates the frequency and the angle in float32; so do we, to land on the same numbers.
        const inverse = Math.fround(1 / ropeTheta ** ((2 * frequency) / headDim));
        for (let position = 0; position < maxPositions; position++) {
          values[position * half + frequency] = wave(Math.fround(position * inverse));
        }
      }
      return [values];
    };
    this.#layers.constant("rotary.cos", [maxPositions, half], table(Math.cos));
    this.#layers.constant("rotary.sin", [maxPositions, half], table(Math.sin));
  }

  #attention(
    index: number,
    name: string,
    input: string,
    lengths: { lastIndex: string; total: string },
  ): string {
    const { attentionHeads, keyValueHeads, headDim, hiddenSize, hasAttentionBias } = this.#config;
    const { localWindowSize } = this.#options;
    const graph = this.#graph;
    const keyValueWidth = keyValueHeads * headDim;
    const bias = { isNeeded: hasAttentionBias };
    const query = this.#rotate(
      `${name}.q_rotary`,
      this.#linear(`${name}.q_proj`, input, attentionHeads * headDim, hiddenSize, bias),
    );
    const key = this.#rotate(
      `${name}.k_rotary`,
      this.#linear(`${name}.k_proj`, input, keyValueWidth, hiddenSize, bias),
    );
    const value = this.#linear(`${name}.v_proj`, input, keyValueWidth, hiddenSize, bias);

    const cache = (dimension: string) => ["batch_size", keyValueHeads, dimension, headDim];
    const past = ["key", "value"].map((part) =>
      graph.input(
        `past_key_values.${index}.${part}`,
        this.#cacheType,
        cache("past_sequence_length"),
      ),
    );
    const present = ["key", "value"].map((part) => `present.${index}.${part}`);
    graph.nodeWithOutputs(
      "com.microsoft::GroupQueryAttention",
      `${name}.attention`,
      [
        ...[query, key, value, ...past, lengths.lastIndex, lengths.total],
        ...(this.#isExporters ? ["", ""] : []),
      ],
      [`${name}.attention`, ...present],
      {
        num_heads: { int: attentionHeads },
        kv_num_heads: { int: keyValueHeads },
        ...(this.#isExporters && {
          scale: { float: 1 / Math.sqrt(headDim) },
          softcap: { float: 0 },
        }),
        ...(localWindowSize !== undefined && { local_window_size: { int: localWindowSize } }),
        do_rotary: { int: 0 },
        ...(this.#isExporters && { rotary_interleaved: { int: 0 } }),
      },
    );
    for (const part of present) graph.output(part, this.#cacheType, cache("total_sequence_length"));
    return this.#linear(
      `${name}.o_proj`,
      `${name}.attention`,
      hiddenSize,
      attentionHeads * headDim,
    );
  }

  #rotate(name: string, input: string): string {
    return this.#graph.node(
      "com.microsoft::RotaryEmbedding",
      name,
      [input, this.#positions, "rotary.cos", "rotary.sin"],
      this.#isExporters
        ? { interleaved: { int: 0 }, num_heads: { int: 0 }, rotary_embedding_dim: { int: 0 } }
        : {},
    );
  }

  /** down(silu(gate(x)) · up(x)) */
  #feedForward(name: string, input: string): string {
    const { hiddenSize, feedForwardSize: width } = this.#config;
    const gate = this.#linear(`${name}.gate_proj`, input, width, hiddenSize);
    const up = this.#linear(`${name}.up_proj`, input, width, hiddenSize);
    const silu = this.#silu(`${name}.silu`, gate);
    const gated = this.#graph.node("Mul", `${name}.gated`, [silu, up]); // [batch, tokens, width]
    return this.#linear(`${name}.down_proj`, gated, hiddenSize, width);
  }

  #silu(name: string, input: string): string {
    const graph = this.#graph;
    if (!this.#isExporters)
      return graph.node("com.microsoft::QuickGelu", name, [input], { alpha: { float: 1 } });
    return graph.node("Mul", name, [input, graph.node("Sigmoid", `${name}.sigmoid`, [input])]);
  }

  #logits(hidden: string): void {
    const { hiddenSize, vocabSize } = this.#config;
    const graph = this.#graph;
    const onlyLast = this.#options.logits === "last";
    if (onlyLast) {
      const [first, last, axis] = [[-1], [Number.MAX_SAFE_INTEGER], [1]].map((value) =>
        graph.integers("int64", value),
      );
      hidden = graph.node("Slice", "last_hidden", [hidden, first!, last!, axis!]); // [batch, 1, hidden]
    }
    const isTied = this.#config.hasTiedEmbeddings ?? true;
    const table = !isTied || this.#weights.has("lm_head.weight") ? "lm_head.weight" : this.#table;
    assertShape(this.#weights, table, [vocabSize, hiddenSize]);
    const isHalf = this.#cacheType === "float16";
    const logits = this.#layers.linear(
      isHalf ? "lm_head" : "logits",
      hidden,
      matrixOf(this.#weights, table),
    );
    if (isHalf) this.#layers.cast("logits", logits, "float32");
    graph.output("logits", "float32", ["batch_size", onlyLast ? 1 : "sequence_length", vocabSize]);
  }

  /** A bias that the weights have is always added. */
  #linear(
    name: string,
    input: string,
    outputs: number,
    inputs: number,
    bias = { isNeeded: false },
  ): string {
    const weights = this.#weights;
    assertShape(weights, `${name}.weight`, [outputs, inputs]);
    const hasBias = bias.isNeeded || weights.has(`${name}.bias`);
    if (hasBias) assertShape(weights, `${name}.bias`, [outputs]);
    const read = hasBias ? () => weights.read(`${name}.bias`) : undefined;
    return this.#layers.linear(name, input, matrixOf(weights, `${name}.weight`), read);
  }

  #firstNorm(name: string, input: string): string {
    return this.#graph.node("SimplifiedLayerNormalization", name, [input, this.#normWeight(name)], {
      axis: { int: -1 },
      epsilon: { float: this.#config.rmsNormEps },
      stash_type: { int: 1 },
    });
  }

  #addAndNorm(
    name: string,
    sum: string,
    change: string,
    { needsSum = true } = {},
  ): { normed: string; sum: string } {
    const outputs = needsSum ? [name, "", "", `${name}.sum`] : [name];
    this.#graph.nodeWithOutputs(
      "com.microsoft::SkipSimplifiedLayerNormalization",
      name,
      [sum, change, this.#normWeight(name)],
      outputs,
      { epsilon: { float: this.#config.rmsNormEps } },
    );
    return { normed: name, sum: `${name}.sum` };
  }

  #normWeight(name: string): string {
    const weights = this.#weights;
    assertShape(weights, `${name}.weight`, [this.#config.hiddenSize]);
    return this.#layers.constant(`${name}.weight`, [this.#config.hiddenSize], () => [
      weights.read(`${name}.weight`),
    ]);
  }
}
