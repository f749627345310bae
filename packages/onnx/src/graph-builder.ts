// Builds an ONNX model in memory, except for its weights: those are promises of bytes, kept until the file is
// written (onnx-file.ts). Every value is named by the node that makes it.

import {
  bytesField,
  bytesHeader,
  concatenate,
  floatField,
  integerField,
  stringField,
} from "./protobuf.ts";
import { irVersions, type GraphStyle } from "./form.ts";
import { elementCount } from "./weights.ts";

/** Element types, with the numbers ONNX gives them. */
export const elementTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  float16: 10,
} as const;

/** An ONNX element type. */
export type ElementType = keyof typeof elementTypes;

const elementBytes: Readonly<Record<ElementType, number>> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  int32: 4,
  int64: 8,
  float16: 2,
};

/** A node's attribute; its kind is said, because JavaScript cannot tell 1 from 1.0. */
export type Attribute =
  | { int: number }
  | { float: number }
  | { ints: readonly number[] }
  | { tensor: TensorDeclaration; bytes: Uint8Array };

/** A size, or the name of one that is free. */
export type Dimension = number | string;

/** A stored tensor's name, type and sizes. */
export interface TensorDeclaration {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
}

/**
 * Tensors whose bytes are made together (a quantised matrix and its scales, say). The chunks follow the order of
 * `tensors`; none may reach from one tensor into the next.
 */
export interface StoredTensors {
  readonly tensors: readonly TensorDeclaration[];
  readonly bytes: () => Iterable<Uint8Array>;
}

/** One file's worth of ONNX: add inputs, stored tensors and nodes in order, then name the outputs. */
export class GraphBuilder {
  readonly name: string;
  readonly stored: StoredTensors[] = [];
  readonly #nodes: Uint8Array[] = [];
  readonly #inputs: Uint8Array[] = [];
  readonly #outputs: Uint8Array[] = [];
  readonly #valueNames = new Set<string>();
  readonly #constants = new Map<string, string>();
  readonly #style: GraphStyle;

  constructor(name: string, style: GraphStyle = {}) {
    this.name = name;
    this.#style = style;
  }

  /** Declares a graph input and returns its name. */
  input(name: string, type: ElementType, dimensions: readonly Dimension[]): string {
    this.#inputs.push(bytesField(11, valueInfo(name, type, dimensions)));
    return this.#claim(name);
  }

  /** Declares that the value `name` leaves the graph. */
  output(name: string, type: ElementType, dimensions: readonly Dimension[]): void {
    if (!this.#valueNames.has(name)) throw new Error(`No node makes the output "${name}"`);
    this.#outputs.push(bytesField(12, valueInfo(name, type, dimensions)));
  }

  /**
   * Adds a node and returns the name of its output, which is `name`.
   *
   * @param operator `Conv`, or with a domain `com.microsoft::Gelu`.
   * @param inputs Names of earlier values; `""` leaves an optional input out.
   */
  node(
    operator: string,
    name: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    this.nodeWithOutputs(operator, name, inputs, [name], attributes);
    return name;
  }

  /** Adds a node with several outputs; `""` leaves an optional output out. */
  nodeWithOutputs(
    operator: string,
    name: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): void {
    for (const input of inputs) {
      if (input !== "" && !this.#valueNames.has(input)) {
        throw new Error(`${operator} "${name}" reads "${input}", which nothing made before it`);
      }
    }
    for (const output of outputs) if (output !== "") this.#claim(output);
    const [domain, type] = operator.includes("::") ? operator.split("::") : ["", operator];
    this.#nodes.push(
      bytesField(
        1,
        ...inputs.map((input) => stringField(1, input)),
        ...outputs.map((output) => stringField(2, output)),
        stringField(3, name),
        stringField(4, type!),
        ...Object.entries(attributes).map(([key, value]) => bytesField(5, attribute(key, value))),
        ...(domain ? [stringField(7, domain)] : []),
      ),
    );
  }

  /** Adds tensors whose bytes are made when the file is written. */
  store(stored: StoredTensors): void {
    for (const { name } of stored.tensors) this.#claim(name);
    this.stored.push(stored);
  }

  /** A small integer constant (a shape, an axis), stored once however often it is used. */
  integers(type: "int32" | "int64", values: readonly number[] | number): string {
    const list = typeof values === "number" ? [values] : values;
    const shape = typeof values === "number" ? [] : [list.length];
    const name = `${type}_${typeof values === "number" ? "scalar" : "list"}_${list.join("_")}`;
    const known = this.#constants.get(name);
    if (known) return known;
    const bytes =
      type === "int32" ? Int32Array.from(list) : BigInt64Array.from(list, (value) => BigInt(value));
    const data = new Uint8Array(bytes.buffer);
    const tensor = { name, type, shape };
    if (this.#style.constantNodes)
      this.node("Constant", name, [], { value: { tensor, bytes: data } });
    else this.store({ tensors: [tensor], bytes: () => [data] });
    this.#constants.set(name, name);
    return name;
  }

  /** The model's bytes around its stored tensors: what comes before them all, and what comes before and after each. */
  serialize(): {
    head: Uint8Array;
    tensorHeads: Uint8Array[];
    tensorTail: Uint8Array;
    sizeBytes: number;
  } {
    const tensors = this.stored.flatMap((stored) => stored.tensors);
    const { opset = 20, writesDataLocation = false } = this.#style;
    const tensorTail = writesDataLocation ? integerField(14, 0) : new Uint8Array(0);
    const tensorHeads = tensors.map((tensor) => tensorHead(tensor, tensorTail.length));
    const dataBytes = tensors.reduce((total, tensor) => total + tensorBytes(tensor), 0);

    const graphStart = concatenate([
      ...this.#nodes,
      stringField(2, this.name),
      ...this.#inputs,
      ...this.#outputs,
    ]);
    const graphBytes =
      graphStart.length +
      concatenate(tensorHeads).length +
      dataBytes +
      tensors.length * tensorTail.length;

    const head = concatenate([
      integerField(1, irVersions[opset]),
      stringField(2, "@fastvlm-kit/onnx"),
      bytesField(8, stringField(1, ""), integerField(2, opset)),
      bytesField(8, stringField(1, "com.microsoft"), integerField(2, 1)),
      bytesHeader(7, graphBytes),
      graphStart,
    ]);
    return {
      head,
      tensorHeads,
      tensorTail,
      sizeBytes: head.length - graphStart.length + graphBytes,
    };
  }

  #claim(name: string): string {
    if (this.#valueNames.has(name)) throw new Error(`Two values are named "${name}"`);
    this.#valueNames.add(name);
    return name;
  }
}

/** The bytes a tensor's data takes. */
export function tensorBytes({ type, shape }: TensorDeclaration): number {
  return elementCount(shape) * elementBytes[type];
}

function tensorHead(tensor: TensorDeclaration, tailBytes: number): Uint8Array {
  const data = tensorBytes(tensor);
  const fields = concatenate([...tensorFields(tensor), bytesHeader(9, data)]);
  return concatenate([bytesHeader(5, fields.length + data + tailBytes), fields]);
}

function tensorFields({ name, type, shape }: TensorDeclaration): Uint8Array[] {
  return [
    ...shape.map((size) => integerField(1, size)),
    integerField(2, elementTypes[type]),
    stringField(8, name),
  ];
}

function valueInfo(name: string, type: ElementType, dimensions: readonly Dimension[]): Uint8Array {
  const shape = dimensions.map((dimension) =>
    bytesField(
      1,
      typeof dimension === "number" ? integerField(1, dimension) : stringField(2, dimension),
    ),
  );
  const tensorType = bytesField(1, integerField(1, elementTypes[type]), bytesField(2, ...shape));
  return concatenate([stringField(1, name), bytesField(2, tensorType)]);
}

function attribute(name: string, value: Attribute): Uint8Array {
  if ("int" in value)
    return concatenate([stringField(1, name), integerField(3, value.int), integerField(20, 2)]);
  if ("float" in value)
    return concatenate([stringField(1, name), floatField(2, value.float), integerField(20, 1)]);
  if ("tensor" in value) {
    const tensor = [...tensorFields(value.tensor), bytesField(9, value.bytes)];
    return concatenate([stringField(1, name), bytesField(5, ...tensor), integerField(20, 4)]);
  }
  return concatenate([
    stringField(1, name),
    ...value.ints.map((int) => integerField(8, int)),
    integerField(20, 7),
  ]);
}
