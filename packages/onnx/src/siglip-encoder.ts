// SmolVLM's vision encoder: SigLIP over the patches of each tile, a pixel shuffle that joins neighbouring patches, and
// one linear layer into the decoder's space.

import { torchStyle, type FormOptions } from "./form.ts";
import { GraphBuilder } from "./graph-builder.ts";
import { Layers } from "./layers.ts";
import { matrixOf } from "./matrix.ts";
import type { DecoderConfig, SiglipConfig } from "./model-config.ts";
import { plainAttention } from "./plain-attention.ts";
import type { Precision } from "./precision.ts";
import { assertShape, missingTensor, type Weights } from "./weights.ts";

const firstTensor = "embeddings.patch_embedding.weight";
const projection = "modality_projection.proj.weight";

/**
 * The graph of SmolVLM's vision encoder; b and n are free, T is the size of a tile:
 *
 * - `pixel_values` float32 [b, n, 3, T, T] from -1 to 1, `pixel_attention_mask` bool [b, n, T, T]
 * - → `image_features` float32 [b · n, tokens of a tile, hidden size of the decoder]
 *
 * Every tile counts whole and returns its tokens: the mask is there for callers that pass one, and nothing depends on it.
 * PyTorch leaves out tiles whose pixels are all zero (those are medium grey), and patches that are masked.
 *
 * @throws {OnnxError} `tensor-missing`, `tensor-shape`
 */
export function siglipEncoder(
  weights: Weights,
  config: { readonly vision: SiglipConfig; readonly decoder: DecoderConfig },
  precision: Precision,
  options: FormOptions = {},
): GraphBuilder {
  return new SiglipEncoder(weights, config.vision, config.decoder, precision, options).build();
}

class SiglipEncoder {
  readonly #weights: Weights;
  readonly #config: SiglipConfig;
  readonly #outputSize: number;
  readonly #graph: GraphBuilder;
  readonly #layers: Layers;
  /** What stands before every name of the encoder. */
  readonly #prefix: string;

  constructor(
    weights: Weights,
    config: SiglipConfig,
    decoder: DecoderConfig,
    precision: Precision,
    options: FormOptions,
  ) {
    this.#weights = weights;
    this.#config = config;
    this.#outputSize = decoder.hiddenSize;
    this.#graph = new GraphBuilder("vision_encoder", torchStyle(options));
    this.#layers = new Layers(this.#graph, precision, options);
    this.#prefix = findName(weights, firstTensor, "model.vision_model.").slice(
      0,
      -firstTensor.length,
    );
  }

  build(): GraphBuilder {
    const { layers: layerCount, tileSize } = this.#config;
    const graph = this.#graph;
    const tile = [tileSize, tileSize];
    const free = ["batch_size", "num_images"];
    const pixels = graph.input("pixel_values", "float32", [...free, 3, ...tile]);
    graph.input("pixel_attention_mask", "bool", [...free, ...tile]);
    const isHalf = this.#layers.precision.compute === "float16";

    let positions = this.#embed(isHalf ? this.#layers.cast("pixels", pixels, "float16") : pixels);
    for (let index = 0; index < layerCount; index++)
      positions = this.#layer(`${this.#prefix}encoder.layers.${index}`, positions);
    const normed = this.#norm(`${this.#prefix}post_layernorm`, positions);
    this.#project(this.#pixelShuffle(normed), isHalf);
    return graph;
  }

  /** One vector for each patch of a tile, [tiles, patches, channels]. */
  #embed(pixels: string): string {
    const { hiddenSize, patchSize, tileSize } = this.#config;
    const layers = this.#layers;
    const tiles = layers.reshape("tiles", pixels, [-1, 3, tileSize, tileSize]);
    const name = `${this.#prefix}embeddings.patch_embedding`;
    const map = layers.convolution(name, tiles, {
      shape: [hiddenSize, 3, patchSize, patchSize],
      weight: () => this.#read(`${name}.weight`, [hiddenSize, 3, patchSize, patchSize]),
      bias: () => this.#read(`${name}.bias`, [hiddenSize]),
      stride: patchSize,
      padding: 0,
    }); // [tiles, channels, side, side]
    const list = layers.reshape("patches.by_channel", map, [0, hiddenSize, -1]);
    const patches = layers.transpose("patches", list, [0, 2, 1]);
    const table = `${this.#prefix}embeddings.position_embedding.weight`;
    const shape = [(tileSize / patchSize) ** 2, hiddenSize];
    const places = layers.constant(table, shape, () => [this.#read(table, shape)]);
    return layers.add("embedded", patches, places);
  }

  /** x + attention(norm(x)), then x + fc2(gelu(fc1(norm(x)))). */
  #layer(name: string, input: string): string {
    const { hiddenSize, feedForwardSize, attentionHeads } = this.#config;
    const layers = this.#layers;
    const attention = `${name}.self_attn`;
    const linear = (part: string, value: string) =>
      this.#linear(`${attention}.${part}`, value, hiddenSize, hiddenSize);
    const normed = this.#norm(`${name}.layer_norm1`, input);
    const attended = plainAttention(
      layers,
      attention,
      [linear("q_proj", normed), linear("k_proj", normed), linear("v_proj", normed)],
      { channels: hiddenSize, heads: attentionHeads },
    );
    const sum = layers.add(`${name}.attended`, input, linear("out_proj", attended));

    const fc1 = `${name}.mlp.fc1`;
    const fc2 = `${name}.mlp.fc2`;
    const second = this.#norm(`${name}.layer_norm2`, sum);
    const wide = this.#linear(fc1, second, feedForwardSize, hiddenSize);
    const active = layers.geluTanh(`${fc1}.gelu`, wide);
    return layers.add(
      `${name}.output`,
      sum,
      this.#linear(fc2, active, hiddenSize, feedForwardSize),
    );
  }

  /**
   * Joins `shuffle` by `shuffle` neighbouring positions into one, row by row:
   * channel (dy · shuffle + dx) · channels + c of a result is channel c of its position at (dy, dx).
   */
  #pixelShuffle(positions: string): string {
    const { hiddenSize, patchSize, tileSize, shuffle } = this.#config;
    const layers = this.#layers;
    const side = tileSize / patchSize / shuffle;
    const row = shuffle * hiddenSize;
    const blocks = layers.reshape("shuffle.rows", positions, [-1, side, shuffle, side, row]);
    const turned = layers.transpose("shuffle.blocks", blocks, [0, 1, 3, 2, 4]);
    return layers.reshape("shuffle.tokens", turned, [-1, side ** 2, shuffle * row]);
  }

  #project(tokens: string, isHalf: boolean): void {
    const { hiddenSize, patchSize, tileSize, shuffle } = this.#config;
    const name = findName(this.#weights, projection, "model.connector.");
    assertShape(this.#weights, name, [this.#outputSize, shuffle ** 2 * hiddenSize]);
    const features = this.#layers.linear(
      isHalf ? "projected" : "image_features",
      tokens,
      matrixOf(this.#weights, name),
    );
    if (isHalf) this.#layers.cast("image_features", features, "float32");
    const count = (tileSize / patchSize / shuffle) ** 2;
    this.#graph.output("image_features", "float32", ["num_tiles", count, this.#outputSize]);
  }

  #linear(name: string, input: string, outputs: number, inputs: number): string {
    assertShape(this.#weights, `${name}.weight`, [outputs, inputs]);
    return this.#layers.linear(name, input, matrixOf(this.#weights, `${name}.weight`), () =>
      this.#read(`${name}.bias`, [outputs]),
    );
  }

  #norm(name: string, input: string): string {
    const { hiddenSize, layerNormEps } = this.#config;
    return this.#layers.layerNorm(
      name,
      input,
      hiddenSize,
      () => this.#read(`${name}.weight`, [hiddenSize]),
      () => this.#read(`${name}.bias`, [hiddenSize]),
      layerNormEps,
    );
  }

  #read(name: string, shape: readonly number[]): Float32Array {
    assertShape(this.#weights, name, shape);
    return this.#weights.read(name);
  }
}

/** The full name of the tensor that ends with `ending`; `usual` is what stands before it in the public weights. */
function findName({ names }: Weights, ending: string, usual: string): string {
  const found = names.find((name) => name.endsWith(ending));
  if (found === undefined) throw missingTensor(usual + ending, names);
  return found;
}
