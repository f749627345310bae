/**
 * Recognises an embedding graph that only fetches rows of a stored table. It tells where in the file the rows are, and
 * how to read their numbers. A graph that does anything else is not recognised and has to be run.
 */

import { DATA_TYPE } from "../format/data-type.ts";
import { dataFlow, type DataFlow } from "./data-flow.ts";
import type { GraphOutline, StoredTensor } from "./model-outline.ts";
import type { NodeOutline } from "./node-outline.ts";
import { RewriteLog, shown } from "./rewrite-log.ts";
import { readScalar } from "./scalar.ts";
import type { Span } from "./wire-reader.ts";

/** The types of number that a table can be stored in. */
const NUMBER_TYPES = ["float32", "float16", "int8", "uint8"] as const;
export type NumberType = (typeof NUMBER_TYPES)[number];

/** A stored table. A number of a row is (stored − zero point) · scale, rounded to float32 once. */
export interface EmbeddingTable {
  readonly rows: number;
  readonly width: number;
  readonly type: NumberType;
  readonly bytes: Span;
  /** One scale for all rows, or the place of a float32 for each row. */
  readonly scale?: number | Span;
  /** One zero point for all rows, or the place of one for each row, in the type of the table. */
  readonly zeroPoint?: number | Span;
}

const NAME = "looked-up-rows";
const IDS = "input_ids";
const EMBEDS = "inputs_embeds";

/** How many steps the walk takes at most. The forms in use need four. */
const MAX_DEPTH = 8;

/** A table on its way to the output. */
interface Found extends EmbeddingTable {
  /** Whether its values are floating-point at this point of the graph. */
  readonly isFloat: boolean;
  /** Whether the rows are fetched already. */
  readonly isGathered: boolean;
}

/** @throws {OnnxError} `model-invalid` */
export function embeddingTable(
  model: GraphOutline,
  log = new RewriteLog(),
): EmbeddingTable | undefined {
  const flow = dataFlow(model);
  if (!flow?.inputs.has(IDS) || !flow.outputs.has(EMBEDS)) {
    log.miss(NAME, `it is no graph of plain nodes from ${IDS} to ${EMBEDS}`);
    return undefined;
  }
  const found = follow(model, flow, EMBEDS, MAX_DEPTH);
  if (!found?.isGathered || !found.isFloat) {
    const last = flow.makerOf(EMBEDS)?.operator ?? "";
    log.miss(
      NAME,
      `it does more than fetch rows of a stored table; its last node is ${shown(last)}`,
    );
    return undefined;
  }
  const { rows, width, type, bytes, scale, zeroPoint } = found;
  return {
    rows,
    width,
    type,
    bytes,
    ...(scale !== undefined && { scale }),
    ...(zeroPoint !== undefined && { zeroPoint }),
  };
}

function follow(
  model: GraphOutline,
  flow: DataFlow,
  value: string,
  depth: number,
): Found | undefined {
  const tensor = flow.stored(value);
  if (tensor) return tableOf(tensor);
  const node = flow.makerOf(value);
  if (node?.outputs.length !== 1 || depth === 0) return undefined;
  const from = (input: string | undefined): Found | undefined =>
    input === undefined ? undefined : follow(model, flow, input, depth - 1);
  const [first, second] = node.inputs;
  switch (node.operator) {
    case "Identity":
      return from(first);
    case "Cast":
      return widened(node, from(first));
    case "Gather": {
      const found = second === IDS && (node.integers.get("axis") ?? 0) === 0 && from(first);
      return found && !found.isGathered ? { ...found, isGathered: true } : undefined;
    }
    case "DequantizeLinear":
      return dequantized(model, flow, node, from(first));
    case "Mul":
      return (
        scaled(from(first), rowScales(flow, second)) ?? scaled(from(second), rowScales(flow, first))
      );
    default:
      return undefined;
  }
}

function tableOf({ shape, dataType, raw }: StoredTensor): Found | undefined {
  const type = NUMBER_TYPES.find((name) => DATA_TYPE[name] === dataType);
  const [rows, width] = shape;
  if (!raw || !type || shape.length !== 2 || !rows || !width) return undefined;
  const isFloat = type === "float32" || type === "float16";
  return { rows, width, type, bytes: raw, isFloat, isGathered: false };
}

/** Follows a Cast to float32, which holds all stored numbers exactly. */
function widened({ integers }: NodeOutline, found: Found | undefined): Found | undefined {
  return found && integers.get("to") === DATA_TYPE.float32
    ? { ...found, isFloat: true }
    : undefined;
}

function dequantized(
  model: GraphOutline,
  flow: DataFlow,
  { inputs, integers }: NodeOutline,
  found: Found | undefined,
): Found | undefined {
  if (!found || found.isFloat || integers.get("block_size")) return undefined;
  // Scales for each row are possible only before the Gather, where axis 0 is the rows.
  const isPerRow = !found.isGathered && integers.get("axis") === 0;
  const numbers = (name: string | undefined, type: NumberType): number | Span | undefined => {
    const tensor = flow.stored(name ?? "");
    if (tensor?.dataType !== DATA_TYPE[type]) return undefined;
    const isOfRows = isPerRow && tensor.shape.length === 1 && tensor.shape[0] === found.rows;
    return isOfRows ? tensor.raw : readScalar(model.reader, tensor);
  };
  const scale = numbers(inputs[1], "float32");
  if (scale === undefined) return undefined;
  if ((inputs[2] ?? "") === "") return { ...found, scale, isFloat: true };
  const zeroPoint = numbers(inputs[2], found.type);
  return zeroPoint === undefined ? undefined : { ...found, scale, zeroPoint, isFloat: true };
}

/** The place of scales for each row, which are fetched with the same ids: float32 [rows, 1]. */
function rowScales(flow: DataFlow, value = ""): StoredTensor | undefined {
  const node = flow.makerOf(value);
  if (node?.operator !== "Gather" || (node.integers.get("axis") ?? 0) !== 0) return undefined;
  const tensor = node.inputs[1] === IDS ? flow.stored(node.inputs[0] ?? "") : undefined;
  const isColumn = tensor?.shape.length === 2 && tensor.shape[1] === 1;
  return isColumn && tensor.dataType === DATA_TYPE.float32 ? tensor : undefined;
}

function scaled(found: Found | undefined, scales: StoredTensor | undefined): Found | undefined {
  if (!found?.isGathered || !found.isFloat || found.scale !== undefined) return undefined;
  if (!scales?.raw || scales.shape[0] !== found.rows) return undefined;
  return { ...found, scale: scales.raw };
}
