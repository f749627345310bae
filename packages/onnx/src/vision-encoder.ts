// FastViTHD and the projector, in the order the image takes: stem, stages with downsampling between them, the
// closing convolution, then two linear layers into the decoder's space.
//
// Maps are [n, channels, h, w] for convolutions and [n, h, w, channels] for linear layers. A 1x1 convolution is both:
// it stays a convolution in floating point and becomes a linear layer in int8, where the matrix product is fast.

import { torchStyle, type FormOptions } from "./form.ts";
import { GraphBuilder } from "./graph-builder.ts";
import { Layers } from "./layers.ts";
import { matrixOf, scaleRows, type Matrix } from "./matrix.ts";
import { plainAttention } from "./plain-attention.ts";
import type { Precision } from "./precision.ts";
import { visionShapeFrom, type VisionPart, type VisionShape } from "./vision-shape.ts";
import { elementCount, assertShape, type Weights } from "./weights.ts";

const headDim = 32;
/** Pixels of an image to one position of the last map. */
const totalStride = 64;
const batchNormEpsilon = 1e-5;

const toChannelsLast = [0, 2, 3, 1];
const toChannelsFirst = [0, 3, 1, 2];

/** Choices about the encoder's graph. */
export interface VisionOptions extends FormOptions {
  /**
   * In the exporter's form: the size in pixels that the encoder was exported at. Its squeeze-and-excite block takes
   * the mean of a map of that size, so the features of other sizes are wrong wherever that mean is not mended. Default 1024.
   */
  exportedImageSize?: number;
}

/**
 * The graph `pixel_values` [n, 3, h, w] → `image_features` [n, h/64 · w/64, hidden], both float32.
 * Height and width are free multiples of 64; pixels are RGB from 0 to 1.
 *
 * @throws {OnnxError} `tensor-missing`, `tensor-shape`
 */
export function visionEncoder(
  weights: Weights,
  precision: Precision,
  options: VisionOptions = {},
): GraphBuilder {
  // The public q4 files leave the vision tower as it is: 4 bits cost it too much.
  const matrices = precision.matrices === "q4" ? "float" : precision.matrices;
  return new VisionEncoder(weights, { ...precision, matrices }, options).build();
}

/** A value of shape [n, channels, h, w]. */
interface FeatureMap {
  readonly value: string;
  readonly channels: number;
}

class VisionEncoder {
  readonly #weights: Weights;
  readonly #shape: VisionShape;
  readonly #graph: GraphBuilder;
  readonly #layers: Layers;
  readonly #options: VisionOptions;

  constructor(weights: Weights, precision: Precision, options: VisionOptions) {
    this.#weights = weights;
    this.#shape = visionShapeFrom(weights);
    this.#options = options;
    this.#graph = new GraphBuilder("vision_encoder", torchStyle(options));
    this.#layers = new Layers(this.#graph, precision, options);
  }

  build(): GraphBuilder {
    const graph = this.#graph;
    const isHalf = this.#layers.precision.compute === "float16";
    const pixels = graph.input("pixel_values", "float32", ["batch_size", 3, "height", "width"]);
    const input = isHalf ? this.#layers.cast("pixels", pixels, "float16") : pixels;

    let map = this.#stem({ value: input, channels: 3 });
    for (const part of this.#shape.parts) map = this.#part(map, part);
    map = this.#closing(map);

    const features = this.#projector(map, isHalf ? "projected" : "image_features");
    if (isHalf) this.#layers.cast("image_features", features, "float32");
    const { hiddenSize } = this.#shape;
    graph.output("image_features", "float32", ["batch_size", "num_image_tokens", hiddenSize]);
    return graph;
  }

  /** 3x3 stride 2, depthwise 3x3 stride 2, 1x1. */
  #stem(pixels: FeatureMap): FeatureMap {
    let map = pixels;
    for (let index = 0; index < this.#shape.stemLayers; index++) {
      const name = `patch_embed.${index}.reparam_conv`;
      const isPointwise = this.#weights.shape(this.#full(`${name}.weight`))[2] === 1;
      const stride = index < 2 ? 2 : 1;
      map = this.#gelu(
        isPointwise ? this.#pointwise(name, map) : this.#convolution(name, map, stride),
      );
    }
    return map; // [n, channels, h/4, w/4]
  }

  #part(map: FeatureMap, part: VisionPart): FeatureMap {
    const name = `network.${part.index}`;
    switch (part.kind) {
      case "downsample":
        map = this.#gelu(this.#convolution(`${name}.proj.0.lkb_reparam`, map, 2));
        return this.#gelu(this.#pointwise(`${name}.proj.1.reparam_conv`, map));
      case "position":
        return this.#convolution(`${name}.reparam_conv`, map);
      case "stage":
        for (let block = 0; block < part.blocks; block++) {
          map = this.#block(`${name}.${block}`, map, part.mixer);
        }
        return map;
    }
  }

  #block(name: string, map: FeatureMap, mixer: "convolution" | "attention"): FeatureMap {
    if (mixer === "convolution") {
      const mixed = this.#convolution(`${name}.token_mixer.reparam_conv`, map);
      return this.#feedForward(name, mixed, `${name}.layer_scale`);
    }
    return this.#feedForward(name, this.#attention(name, map), `${name}.layer_scale_2`);
  }

  /** x + scale · attention(norm(x)), over all positions of the map. */
  #attention(name: string, { value, channels }: FeatureMap): FeatureMap {
    const layers = this.#layers;
    const positions = layers.transpose(`${name}.positions`, value, toChannelsLast); // [n, h, w, channels]
    const normed = layers.layerNorm(
      `${name}.norm`,
      positions,
      channels,
      () => this.#read(`${name}.norm.weight`, [channels]),
      () => this.#read(`${name}.norm.bias`, [channels]),
    );
    const qkv = layers.linear(`${name}.qkv`, normed, this.#matrix(`${name}.token_mixer.qkv`));
    const tokens = layers.reshape(`${name}.qkv.tokens`, qkv, [0, -1, 3 * channels]);
    const parts = [`${name}.query`, `${name}.key`, `${name}.value`] as const; // [n, h·w, channels] each
    this.#graph.nodeWithOutputs("Split", `${name}.split`, [tokens], parts, {
      axis: { int: -1 },
      num_outputs: { int: 3 },
    });
    const heads = channels / headDim;
    const attended = plainAttention(layers, name, parts, { channels, heads });
    const scaleName = `${name}.layer_scale_1`;
    const projected = layers.linear(
      `${name}.proj`,
      attended,
      scaleRows(this.#matrix(`${name}.token_mixer.proj`), this.#scale(scaleName, channels)),
      () => this.#scaledBias(`${name}.token_mixer.proj`, scaleName, channels),
    );
    const mapShape = this.#graph.node("Shape", `${name}.map_shape`, [positions]);
    const back = this.#graph.node("Reshape", `${name}.back`, [projected, mapShape]); // [n, h, w, channels]
    const sum = layers.add(`${name}.attended`, positions, back);
    return { value: layers.transpose(`${name}.attended_map`, sum, toChannelsFirst), channels };
  }

  /** x + scale · fc2(gelu(fc1(depthwise(x)))), the scale folded into fc2. */
  #feedForward(name: string, map: FeatureMap, scaleName: string): FeatureMap {
    const { channels } = map;
    const fc1 = `${name}.convffn.fc1`;
    const fc2 = `${name}.convffn.fc2`;
    const scaled: Pointwise = {
      matrix: scaleRows(this.#matrix(fc2), this.#scale(scaleName, channels)),
      bias: () => this.#scaledBias(fc2, scaleName, channels),
    };
    const mixed = this.#normedDepthwise(`${name}.convffn.conv`, map);
    const change = this.#pointwiseChain(mixed, [
      { name: fc1, layer: this.#pointwiseLayer(fc1) },
      { name: fc2, layer: scaled },
    ]);
    return { value: this.#layers.add(`${name}.output`, map.value, change.value), channels };
  }

  /** The closing 3x3 that doubles the channels, squeeze-excite, GELU. */
  #closing(map: FeatureMap): FeatureMap {
    const wide = this.#convolution("conv_exp.reparam_conv", map); // [n, features, h/64, w/64]
    const mean = this.#mapMean("conv_exp.se.mean", wide.value);
    const reduced = this.#convolution("conv_exp.se.reduce", { ...wide, value: mean });
    const relu = this.#graph.node("Relu", "conv_exp.se.relu", [reduced.value]);
    const expanded = this.#convolution("conv_exp.se.expand", { ...reduced, value: relu });
    const gate = this.#graph.node("Sigmoid", "conv_exp.se.gate", [expanded.value]);
    const gated = this.#graph.node("Mul", "conv_exp.gated", [wide.value, gate]);
    return this.#gelu({ ...wide, value: gated });
  }

  /** The mean of each channel, [n, features, 1, 1]. */
  #mapMean(name: string, map: string): string {
    const { form, exportedImageSize = 1024 } = this.#options;
    if (form !== "exporter") return this.#graph.node("GlobalAveragePool", name, [map]);
    // Apple's `F.avg_pool2d(x, kernel_size=[h, w])`: the exporter keeps the numbers of the example's size.
    const side = exportedImageSize / totalStride;
    return this.#graph.node("AveragePool", name, [map], {
      count_include_pad: { int: 1 },
      ceil_mode: { int: 0 },
      pads: { ints: [0, 0, 0, 0] },
      strides: { ints: [side, side] },
      kernel_shape: { ints: [side, side] },
    });
  }

  #projector(map: FeatureMap, outputName: string): string {
    const layers = this.#layers;
    const positions = layers.transpose("features.positions", map.value, toChannelsLast);
    const tokens = layers.reshape("features.tokens", positions, [0, -1, map.channels]);
    const linear = (layer: number, name: string, input: string) => {
      const source = `model.mm_projector.${layer}`;
      return layers.linear(name, input, matrixOf(this.#weights, `${source}.weight`), () =>
        this.#weights.read(`${source}.bias`),
      );
    };
    const hidden = linear(0, "mm_projector.0", tokens);
    return linear(2, outputName, layers.gelu("mm_projector.1", hidden));
  }

  /** A convolution of the tower; kernel size and groups follow from the weights. */
  #convolution(name: string, map: FeatureMap, stride = 1): FeatureMap {
    const shape = this.#weights.shape(this.#full(`${name}.weight`));
    const [channels = 0, inputsPerGroup = 1] = shape;
    const value = this.#layers.convolution(name, map.value, {
      shape,
      weight: () => this.#weights.read(this.#full(`${name}.weight`)),
      bias: () => this.#bias(name),
      stride,
      groups: map.channels / inputsPerGroup,
    });
    return { value, channels };
  }

  /** Depthwise 7x7 with the batch norm behind it folded in. */
  #normedDepthwise(name: string, { value, channels }: FeatureMap): FeatureMap {
    const kernel = this.#weights.shape(this.#full(`${name}.conv.weight`)).slice(2);
    const shape = [channels, 1, ...kernel];
    const norm = (part: string) => this.#read(`${name}.bn.${part}`, [channels]);
    const factors = () => {
      const variance = norm("running_var");
      return norm("weight").map(
        (weight, channel) => weight / Math.sqrt(variance[channel]! + batchNormEpsilon),
      );
    };
    const output = this.#layers.convolution(name, value, {
      shape,
      groups: channels,
      weight: () => {
        const factor = factors();
        const weight = this.#read(`${name}.conv.weight`, shape);
        const kernelSize = elementCount(kernel);
        return weight.map((weight, index) => weight * factor[Math.floor(index / kernelSize)]!);
      },
      bias: () => {
        const factor = factors();
        const mean = norm("running_mean");
        return norm("bias").map((bias, channel) => bias - mean[channel]! * factor[channel]!);
      },
    });
    return { value: output, channels };
  }

  /** One 1x1 convolution. */
  #pointwise(name: string, map: FeatureMap): FeatureMap {
    return this.#pointwiseChain(map, [{ name, layer: this.#pointwiseLayer(name) }]);
  }

  /** 1x1 convolutions with GELU between them, in the form that suits the precision. */
  #pointwiseChain(
    map: FeatureMap,
    steps: readonly { name: string; layer: Pointwise }[],
  ): FeatureMap {
    const layers = this.#layers;
    const isFloat = layers.precision.matrices === "float";
    const first = steps[0]!.name;
    const last = steps.at(-1)!;
    let value = isFloat
      ? map.value
      : layers.transpose(`${first}.positions`, map.value, toChannelsLast);
    for (const { name, layer } of steps) {
      if (name !== first) value = layers.gelu(`${value}.gelu`, value);
      value = isFloat
        ? layers.convolution(name, value, {
            shape: [layer.matrix.outputs, layer.matrix.inputs, 1, 1],
            weight: () => layer.matrix.rows(0, layer.matrix.outputs),
            bias: layer.bias,
          })
        : layers.linear(name, value, layer.matrix, layer.bias);
    }
    if (!isFloat) value = layers.transpose(`${last.name}.map`, value, toChannelsFirst);
    return { value, channels: last.layer.matrix.outputs };
  }

  #pointwiseLayer(name: string): Pointwise {
    return { matrix: this.#matrix(name), bias: () => this.#bias(name) };
  }

  #gelu(map: FeatureMap): FeatureMap {
    return { ...map, value: this.#layers.gelu(`${map.value}.gelu`, map.value) };
  }

  #full(name: string): string {
    return this.#shape.prefix + name;
  }

  #matrix(name: string): Matrix {
    return matrixOf(this.#weights, this.#full(`${name}.weight`));
  }

  #bias(name: string): Float32Array {
    return this.#weights.read(this.#full(`${name}.bias`));
  }

  #read(name: string, shape: readonly number[]): Float32Array {
    assertShape(this.#weights, this.#full(name), shape);
    return this.#weights.read(this.#full(name));
  }

  #scale(name: string, channels: number): Float32Array {
    return this.#read(name, [channels, 1, 1]);
  }

  #scaledBias(name: string, scaleName: string, channels: number): Float32Array {
    const scale = this.#scale(scaleName, channels);
    return this.#bias(name).map((bias, channel) => bias * scale[channel]!);
  }
}

/** A 1x1 convolution's parameters. */
interface Pointwise {
  readonly matrix: Matrix;
  readonly bias: () => Float32Array;
}
