/**
 * A graph to which several changes are made, one after the other. Each change sees the nodes as the earlier ones left
 * them. All changes together become one edit.
 */

import { GRAPH, NODE } from "../format/onnx-fields.ts";
import { WIRE } from "../format/protobuf.ts";
import { dataFlow, type DataFlow } from "./data-flow.ts";
import { nameIn, type GraphOutline } from "./model-outline.ts";
import { outlineNode } from "./node-outline.ts";
import { integerAttribute } from "./node-writer.ts";
import { messageField, stringField, type Piece } from "./pieces.ts";
import { rewrite, type MessageEdit } from "./rewrite.ts";
import { outputOf, type ValueOutline } from "./value-outline.ts";
import { contentOf, type Field } from "./wire-reader.ts";

/** A node, as the changes so far have left it. */
export interface DraftNode {
  readonly field: Field;
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly integers: ReadonlyMap<string, number>;
  readonly floats: ReadonlyMap<string, number>;
}

export interface NodeChange {
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  /** Attributes to set. */
  readonly integers?: Readonly<Record<string, number>>;
}

export class GraphDraft {
  readonly model: GraphOutline;
  /** The graph's inputs, outputs and stored tensors, as the file has them. */
  readonly flow: DataFlow;
  readonly #base: MessageEdit;
  readonly #nodes: Map<Field, DraftNode>;
  readonly #makers = new Map<string, Field>();
  readonly #readers = new Map<string, Field[]>();
  /** Attributes with new values; the others stay as the file has them. */
  readonly #changed = new Map<Field, Readonly<Record<string, number>>>();
  readonly #replacements = new Map<number, readonly Piece[]>();
  readonly #additions: Piece[] = [];

  /** @param base an earlier edit; the nodes that it replaces stay as it left them */
  static of(model: GraphOutline, base: MessageEdit): GraphDraft | undefined {
    const flow = dataFlow(model);
    return flow && new GraphDraft(model, flow, base);
  }

  private constructor(model: GraphOutline, flow: DataFlow, base: MessageEdit) {
    this.model = model;
    this.flow = flow;
    this.#base = base;
    const { reader, fields } = model;
    const nodeFields = fields.filter(({ number }) => number === GRAPH.node);
    this.#nodes = new Map(nodeFields.map((field) => [field, outlineNode(reader, field)!]));
    for (const node of this.#nodes.values()) this.#connect(node);
  }

  /** All nodes of an operator in the order of the file, without those that the earlier edit replaced. */
  nodes(operator: string): DraftNode[] {
    return [...this.#nodes.values()].filter(
      (node) => node.operator === operator && this.#isFree(node.field),
    );
  }

  /** The node that makes the value after the changes so far. */
  makerOf(value: string | undefined): DraftNode | undefined {
    const field = value === undefined || value === "" ? undefined : this.#makers.get(value);
    return field && this.#nodes.get(field);
  }

  /** The node of this operator that makes only this value, if the value has only one reader. */
  onlyFor(value: string | undefined, operator: string): DraftNode | undefined {
    const node = this.makerOf(value);
    if (node?.operator !== operator || !this.#isFree(node.field)) return undefined;
    const isAlone = node.outputs.length === 1 && this.#readersOf(value!).length === 1;
    return isAlone && !this.flow.outputs.has(value!) ? node : undefined;
  }

  /** Whether the node has no other attributes than these. */
  hasOnly(node: DraftNode, names: ReadonlySet<string>): boolean {
    return this.attributeBeside(node, names) === undefined;
  }

  /** The name of an attribute that is not one of these. */
  attributeBeside({ field }: DraftNode, names: ReadonlySet<string>): string | undefined {
    const { reader } = this.model;
    for (const attribute of reader.fields(contentOf(field))) {
      if (attribute.number !== NODE.attribute || attribute.wireType !== WIRE.bytes) continue;
      const name = this.#attributeName(attribute);
      if (!names.has(name)) return name;
    }
    return undefined;
  }

  change(node: DraftNode, { inputs, outputs, integers = {} }: NodeChange): void {
    this.#disconnect(node);
    const changed: DraftNode = {
      field: node.field,
      operator: node.operator,
      inputs: inputs ?? node.inputs,
      outputs: outputs ?? node.outputs,
      integers: new Map([...node.integers, ...Object.entries(integers)]),
      floats: node.floats, // written as the file has them
    };
    this.#nodes.set(node.field, changed);
    this.#connect(changed);
    this.#changed.set(node.field, { ...this.#changed.get(node.field), ...integers });
  }

  remove(node: DraftNode): void {
    this.replace(node, []);
  }

  /** Replaces the node by fields of the graph. Later changes do not see these fields. */
  replace(node: DraftNode, pieces: readonly Piece[]): void {
    this.#disconnect(node);
    this.#nodes.delete(node.field);
    this.#replacements.set(node.field.start, pieces);
  }

  /** Whether a node reads the value, or the value is an output of the graph. */
  isRead(value: string): boolean {
    return this.#readersOf(value).length > 0 || this.flow.outputs.has(value);
  }

  /** If no node reads the value, removes the node or tensor that makes it, and whatever only that node needed. */
  removeUnread(value: string): void {
    const values = [value];
    for (let next = values.pop(); next !== undefined; next = values.pop()) {
      this.removeTensor(next);
      const node = this.makerOf(next);
      if (!node || !this.#isFree(node.field)) continue;
      if (node.outputs.some((output) => this.isRead(output))) continue;
      this.remove(node);
      values.push(...node.inputs);
    }
  }

  /** Removes a stored tensor that no node reads any more. */
  removeTensor(name: string): void {
    const tensor = this.flow.stored(name);
    if (!tensor || this.isRead(name)) return;
    this.#replacements.set(tensor.field.start, []);
  }

  /** Replaces an output of the graph by another value of the same type. */
  replaceOutput(output: ValueOutline, value: string): void {
    const { reader } = this.model;
    this.#replacements.set(output.field.start, outputOf(reader, output.field, value));
  }

  /** Adds fields to the graph. */
  add(pieces: readonly Piece[]): void {
    this.#additions.push(...pieces);
  }

  toEdit(): MessageEdit {
    const changes = [...this.#changed].flatMap(([field, integers]) => {
      const node = this.#nodes.get(field);
      return node ? [[field.start, this.#write(node, integers)] as const] : [];
    });
    const gone = this.flow.valueInfos.filter(
      ({ name }) => this.flow.makerOf(name) && !this.#makers.has(name),
    );
    return {
      replacements: new Map([
        ...this.#base.replacements,
        ...this.#replacements,
        ...changes,
        ...gone.map(({ field }) => [field.start, []] as const),
      ]),
      additions: [...this.#base.additions, ...this.#additions],
    };
  }

  #isFree(field: Field): boolean {
    return !this.#base.replacements.has(field.start);
  }

  #readersOf(value: string): readonly Field[] {
    return this.#readers.get(value) ?? [];
  }

  #connect({ field, inputs, outputs }: DraftNode): void {
    for (const output of outputs) this.#makers.set(output, field);
    for (const input of inputs) {
      const readers = this.#readers.get(input);
      if (readers) readers.push(field);
      else this.#readers.set(input, [field]);
    }
  }

  #disconnect({ field, inputs, outputs }: DraftNode): void {
    for (const output of outputs) this.#makers.delete(output);
    for (const input of inputs) {
      const readers = this.#readers.get(input)!;
      readers.splice(readers.indexOf(field), 1);
    }
  }

  #write(
    { field, inputs, outputs }: DraftNode,
    integers: Readonly<Record<string, number>>,
  ): Piece[] {
    const content = rewrite(this.model.reader, contentOf(field), (inner) => {
      if (inner.wireType !== WIRE.bytes) return undefined;
      if (inner.number === NODE.input || inner.number === NODE.output) return [];
      if (inner.number !== NODE.attribute) return undefined;
      return Object.hasOwn(integers, this.#attributeName(inner)) ? [] : undefined;
    });
    return messageField(GRAPH.node, [
      ...content,
      ...inputs.flatMap((name) => stringField(NODE.input, name)),
      ...outputs.flatMap((name) => stringField(NODE.output, name)),
      ...Object.entries(integers).flatMap(([name, value]) => integerAttribute(name, value)),
    ]);
  }

  #attributeName(attribute: Field): string {
    const { reader } = this.model;
    for (const inner of reader.fields(contentOf(attribute)))
      if (inner.number === ATTRIBUTE_NAME && inner.wireType === WIRE.bytes)
        return nameIn(reader, inner);
    return "";
  }
}

const ATTRIBUTE_NAME = 1;
