// Builds an ONNX model in memory, except for its weights: those are promises of bytes, kept until the file is
// written (onnx-file.ts). Every value is named by the node that makes it.

import { byteLength, DATA_TYPE, type DataType } from "./format/data-type.ts";
import {
  ATTRIBUTE,
  ATTRIBUTE_TYPE,
  GRAPH,
  LOCATION,
  MODEL,
  NODE,
  OPSET,
  SHAPE,
  TENSOR,
  TENSOR_TYPE,
  VALUE,
  VALUE_TYPE,
} from "./format/onnx-fields.ts";
import {
  bytesField,
  bytesHeader,
  concatenate,
  floatField,
  integerField,
} from "./format/protobuf.ts";
import { irVersions, type GraphStyle } from "./form.ts";

/** An ONNX element type. */
export type ElementType = DataType;

const utf8 = new TextEncoder();

/** A string field. */
function stringField(field: number, value: string): Uint8Array {
  return bytesField(field, utf8.encode(value));
}

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
    this.#inputs.push(bytesField(GRAPH.input, valueInfo(name, type, dimensions)));
    return this.#claim(name);
  }

  /** Declares that the value `name` leaves the graph. */
  output(name: string, type: ElementType, dimensions: readonly Dimension[]): void {
    if (!this.#valueNames.has(name)) throw new Error(`No node makes the output "${name}"`);
    this.#outputs.push(bytesField(GRAPH.output, valueInfo(name, type, dimensions)));
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
        GRAPH.node,
        ...inputs.map((input) => stringField(NODE.input, input)),
        ...outputs.map((output) => stringField(NODE.output, output)),
        stringField(NODE.name, name),
        stringField(NODE.opType, type!),
        ...Object.entries(attributes).map(([key, value]) =>
          bytesField(NODE.attribute, attribute(key, value)),
        ),
        ...(domain ? [stringField(NODE.domain, domain)] : []),
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
    if (this.#style.writesConstantNodes)
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
    const tensorTail = writesDataLocation
      ? integerField(TENSOR.dataLocation, LOCATION.here)
      : new Uint8Array(0);
    const tensorHeads = tensors.map((tensor) => tensorHead(tensor, tensorTail.length));
    const dataBytes = tensors.reduce((total, tensor) => total + tensorBytes(tensor), 0);

    const graphStart = concatenate([
      ...this.#nodes,
      stringField(GRAPH.name, this.name),
      ...this.#inputs,
      ...this.#outputs,
    ]);
    const graphBytes =
      graphStart.length +
      concatenate(tensorHeads).length +
      dataBytes +
      tensors.length * tensorTail.length;

    const head = concatenate([
      integerField(MODEL.irVersion, irVersions[opset]),
      stringField(MODEL.producer, "@fastvlm-kit/onnx"),
      opsetImport("", opset),
      opsetImport("com.microsoft", 1),
      bytesHeader(MODEL.graph, graphBytes),
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
  return byteLength(DATA_TYPE[type], shape);
}

function opsetImport(domain: string, version: number): Uint8Array {
  const fields = [stringField(OPSET.domain, domain), integerField(OPSET.version, version)];
  return bytesField(MODEL.opsetImport, ...fields);
}

function tensorHead(tensor: TensorDeclaration, tailBytes: number): Uint8Array {
  const data = tensorBytes(tensor);
  const fields = concatenate([...tensorFields(tensor), bytesHeader(TENSOR.rawData, data)]);
  return concatenate([bytesHeader(GRAPH.initializer, fields.length + data + tailBytes), fields]);
}

function tensorFields({ name, type, shape }: TensorDeclaration): Uint8Array[] {
  return [
    ...shape.map((size) => integerField(TENSOR.dims, size)),
    integerField(TENSOR.dataType, DATA_TYPE[type]),
    stringField(TENSOR.name, name),
  ];
}

function valueInfo(name: string, type: ElementType, dimensions: readonly Dimension[]): Uint8Array {
  const shape = dimensions.map((dimension) =>
    bytesField(
      SHAPE.dimension,
      typeof dimension === "number"
        ? integerField(SHAPE.size, dimension)
        : stringField(SHAPE.axisName, dimension),
    ),
  );
  const tensorType = bytesField(
    VALUE_TYPE.tensor,
    integerField(TENSOR_TYPE.element, DATA_TYPE[type]),
    bytesField(TENSOR_TYPE.shape, ...shape),
  );
  return concatenate([stringField(VALUE.name, name), bytesField(VALUE.type, tensorType)]);
}

function attribute(name: string, value: Attribute): Uint8Array {
  const [type, fields] = attributeValue(value);
  return concatenate([
    stringField(ATTRIBUTE.name, name),
    ...fields,
    integerField(ATTRIBUTE.type, ATTRIBUTE_TYPE[type]),
  ]);
}

function attributeValue(value: Attribute): [keyof typeof ATTRIBUTE_TYPE, Uint8Array[]] {
  if ("int" in value) return ["integer", [integerField(ATTRIBUTE.integer, value.int)]];
  if ("float" in value) return ["float", [floatField(ATTRIBUTE.float, value.float)]];
  if ("tensor" in value) {
    const tensor = [...tensorFields(value.tensor), bytesField(TENSOR.rawData, value.bytes)];
    return ["tensor", [bytesField(ATTRIBUTE.tensor, ...tensor)]];
  }
  return ["integers", value.ints.map((int) => integerField(ATTRIBUTE.integers, int))];
}
