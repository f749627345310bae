// What both networks are made of, in the chosen precision. A method adds the nodes of one layer to the graph and
// returns the name of its output; the weights are only promised (graph-builder.ts) and read when the file is written.

import { OnnxError } from "./errors.ts";
import { DATA_TYPE } from "./format/data-type.ts";
import { maxFloat16, toFloat16 } from "./format/float16.ts";
import { toInt8Columns } from "./format/int8.ts";
import type { FormOptions } from "./form.ts";
import type { ElementType, GraphBuilder } from "./graph-builder.ts";
import { asWeightMatrix, transposedSlabs, type Matrix } from "./matrix.ts";
import type { Precision } from "./precision.ts";
import { q4BlockCount, q4BlockSize, toQ4Blocks } from "./q4-blocks.ts";
import { elementCount } from "./weights.ts";

/** Below this, float16 storage saves nothing worth a Cast node. */
const smallTensorElements = 1024;

/** A convolution's weights and how it walks over its input. */
export interface Convolution {
  /** [outputs, inputs / groups, kernel, kernel] */
  readonly shape: readonly number[];
  readonly weight: () => Float32Array;
  readonly bias: () => Float32Array;
  readonly stride?: number;
  readonly groups?: number;
  /** Zeros around the input; by default as many as keep its size at stride 1. */
  readonly padding?: number;
}

/** Choices about all layers of a graph. */
export interface LayerOptions extends FormOptions {
  accuracyLevel?: number;
}

/** Adds layers to a graph. */
export class Layers {
  readonly graph: GraphBuilder;
  readonly precision: Precision;
  readonly #options: LayerOptions;
  readonly #numbers = new Set<string>();
  /** The 8-bit form of a value: layers that read the same value (q, k and v) share it. */
  readonly #quantized = new Map<string, { levels: string; scale: string; zeroPoint: string }>();

  constructor(graph: GraphBuilder, precision: Precision, options: LayerOptions = {}) {
    this.graph = graph;
    this.precision = precision;
    this.#options = options;
  }

  /** A floating-point tensor of the graph's compute type. */
  constant(name: string, shape: readonly number[], values: () => Iterable<Float32Array>): string {
    const { compute, storage } = this.precision;
    const isWidened = compute === "float32" && storage === "float16";
    if (isWidened && elementCount(shape) >= smallTensorElements) {
      // The runtime folds this Cast when it creates the session, so it costs nothing later.
      this.#storeFloats(`${name}_f16`, "float16", shape, values);
      return this.cast(name, `${name}_f16`, "float32");
    }
    this.#storeFloats(name, compute, shape, values);
    return name;
  }

  /** A 2-D convolution over [n, channels, h, w]. */
  convolution(name: string, input: string, convolution: Convolution): string {
    const { shape, weight, bias, stride = 1, groups = 1 } = convolution;
    const [outputs = 0, , kernel = 1] = shape;
    const { padding = kernel >> 1 } = convolution;
    return this.graph.node(
      "Conv",
      name,
      [
        input,
        this.constant(`${name}.weight`, shape, () => [weight()]),
        this.constant(`${name}.bias`, [outputs], () => [bias()]),
      ],
      {
        kernel_shape: { ints: [kernel, kernel] },
        strides: { ints: [stride, stride] },
        pads: { ints: [padding, padding, padding, padding] },
        group: { int: groups },
      },
    );
  }

  /** A linear layer over the last axis of `input`. */
  linear(name: string, input: string, matrix: Matrix, bias?: () => Float32Array): string {
    const withBias = bias !== undefined;
    const product = withBias ? `${name}.product` : name;
    const multiply = { float: this.#floatProduct, int8: this.#int8Product, q4: this.#q4Product };
    multiply[this.precision.matrices].call(this, product, input, matrix);
    if (!withBias) return product;
    const biasName = this.constant(`${name}.bias`, [matrix.outputs], () => [bias()]);
    return this.graph.node("Add", name, [product, biasName]);
  }

  #floatProduct(name: string, input: string, matrix: Matrix): void {
    const shape = [matrix.inputs, matrix.outputs];
    const weight = this.constant(`${name}.weight`, shape, () => transposedSlabs(matrix));
    this.graph.node("MatMul", name, [input, weight]);
  }

  /** In the form that ONNX Runtime fuses into `DynamicQuantizeMatMul` or `MatMulIntegerToFloat`. */
  #int8Product(name: string, input: string, matrix: Matrix): void {
    const { levels, scale, zeroPoint } = this.#quantize(input);
    this.graph.store({
      tensors: [
        { name: `${name}.weight`, type: "int8", shape: [matrix.inputs, matrix.outputs] },
        { name: `${name}.scales`, type: "float32", shape: [matrix.outputs] },
      ],
      bytes: () => {
        const { levels, scales } = toInt8Columns(asWeightMatrix(matrix));
        return [bytesOf(levels), bytesOf(scales)];
      },
    });
    const sums = this.graph.node("MatMulInteger", `${name}.sums`, [
      levels,
      `${name}.weight`,
      zeroPoint,
    ]);
    const floats = this.cast(`${name}.floats`, sums, "float32");
    const factor = this.graph.node("Mul", `${name}.factor`, [scale, `${name}.scales`]);
    this.graph.node("Mul", name, [floats, factor]);
  }

  #quantize(input: string): { levels: string; scale: string; zeroPoint: string } {
    const known = this.#quantized.get(input);
    if (known) return known;
    const quantized = {
      levels: `${input}.levels`,
      scale: `${input}.scale`,
      zeroPoint: `${input}.zero_point`,
    };
    this.graph.nodeWithOutputs(
      "DynamicQuantizeLinear",
      `${input}.quantize`,
      [input],
      Object.values(quantized),
    );
    this.#quantized.set(input, quantized);
    return quantized;
  }

  #q4Product(name: string, input: string, matrix: Matrix): void {
    const { accuracyLevel } = this.#options;
    const { inputs, outputs } = matrix;
    const blocks = q4BlockCount(inputs);
    const scaleType = this.precision.compute;
    this.graph.store({
      tensors: [
        { name: `${name}.weight`, type: "uint8", shape: [outputs, blocks, q4BlockSize / 2] },
        { name: `${name}.scales`, type: scaleType, shape: [outputs * blocks] },
      ],
      bytes: () => {
        const { values, scales } = toQ4Blocks(matrix);
        return [values, bytesOf(scaleType === "float16" ? toFloat16(scales) : scales)];
      },
    });
    this.graph.node(
      "com.microsoft::MatMulNBits",
      name,
      [input, `${name}.weight`, `${name}.scales`],
      {
        K: { int: inputs },
        N: { int: outputs },
        bits: { int: 4 },
        block_size: { int: q4BlockSize },
        ...(accuracyLevel !== undefined && { accuracy_level: { int: accuracyLevel } }),
      },
    );
  }

  /** GELU in its erf form. */
  gelu(name: string, input: string): string {
    if (this.#options.form !== "exporter") return this.graph.node("Gelu", name, [input]);
    // 0.5 · (erf(x / √2) + 1) · x, in the order in which PyTorch's exporter takes `Gelu` apart.
    const quotient = this.graph.node("Div", `${name}.quotient`, [input, this.#number(Math.SQRT2)]);
    const erf = this.graph.node("Erf", `${name}.erf`, [quotient]);
    const sum = this.graph.node("Add", `${name}.sum`, [erf, this.#number(1)]);
    const half = this.graph.node("Mul", `${name}.half`, [this.#number(0.5), sum]);
    return this.graph.node("Mul", name, [input, half]);
  }

  /** GELU in its tanh form. */
  geluTanh(name: string, input: string): string {
    if (this.#options.form !== "exporter")
      return this.graph.node("com.microsoft::FastGelu", name, [input]);
    // 0.5 · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))
    const cube = this.graph.node("Pow", `${name}.cube`, [input, this.#number(3)]);
    const small = this.graph.node("Mul", `${name}.small`, [this.#number(0.044715), cube]);
    const sum = this.graph.node("Add", `${name}.sum`, [input, small]);
    const root = this.#number(Math.sqrt(2 / Math.PI));
    const angle = this.graph.node("Mul", `${name}.angle`, [root, sum]);
    const tanh = this.graph.node("Tanh", `${name}.tanh`, [angle]);
    const share = this.graph.node("Add", `${name}.share`, [tanh, this.#number(1)]);
    const half = this.graph.node("Mul", `${name}.half`, [this.#number(0.5), input]);
    return this.graph.node("Mul", name, [half, share]);
  }

  /** A scalar constant, stored once however often it is used. */
  #number(value: number): string {
    const name = `scalar_${value}`;
    if (this.#numbers.has(name)) return name;
    this.#numbers.add(name);
    return this.constant(name, [], () => [Float32Array.of(value)]);
  }

  /** Normalises the last axis to mean 0 and variance 1, then scales and shifts it. */
  layerNorm(
    name: string,
    input: string,
    size: number,
    weight: () => Float32Array,
    bias: () => Float32Array,
    epsilon = 1e-5,
  ): string {
    const parameters = [
      this.constant(`${name}.weight`, [size], () => [weight()]),
      this.constant(`${name}.bias`, [size], () => [bias()]),
    ];
    return this.graph.node("LayerNormalization", name, [input, ...parameters], {
      axis: { int: -1 },
      epsilon: { float: epsilon },
    });
  }

  add(name: string, left: string, right: string): string {
    return this.graph.node("Add", name, [left, right]);
  }

  cast(name: string, input: string, type: "float32" | "float16" | "int32"): string {
    return this.graph.node("Cast", name, [input], { to: { int: DATA_TYPE[type] } });
  }

  transpose(name: string, input: string, order: readonly number[]): string {
    return this.graph.node("Transpose", name, [input], { perm: { ints: order } });
  }

  /** `0` keeps the size of that axis, `-1` takes what is left. */
  reshape(name: string, input: string, sizes: readonly number[]): string {
    return this.graph.node("Reshape", name, [input, this.graph.integers("int64", sizes)]);
  }

  #storeFloats(
    name: string,
    type: ElementType,
    shape: readonly number[],
    values: () => Iterable<Float32Array>,
  ): void {
    this.graph.store({
      tensors: [{ name, type, shape }],
      *bytes() {
        for (const slab of values()) yield bytesOf(type === "float16" ? toHalf(name, slab) : slab);
      },
    });
  }
}

function toHalf(name: string, values: Float32Array): Uint16Array {
  for (const value of values) {
    if (Math.abs(value) <= maxFloat16) continue;
    throw new OnnxError(
      "value-out-of-range",
      { tensor: name },
      `"${name}" holds ${value}, which float16 cannot. Write this graph as fp32.`,
    );
  }
  return toFloat16(values);
}

/** The bytes of a typed array, without a copy. */
export function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
