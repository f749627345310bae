/**
 * Replaces GELU by tanh, which exporters write in eight nodes, by one `FastGelu`, which computes the same function. SigLIP
 * has one over 3072 numbers for each of 1024 patches in each layer. Eight nodes read and write them eight times.
 */

import type { DataFlow } from "./data-flow.ts";
import { elementwiseTo, isGelu, type Elementwise } from "./elementwise.ts";
import type { GraphDraft } from "./graph-draft.ts";
import { newNode } from "./node-writer.ts";
import { RewriteLog } from "./rewrite-log.ts";

const NAME = "fused-gelu";

/** Exporters write GELU by tanh in eight nodes, one after the other or side by side. */
const MAX_STEPS = 8;

const MAX_INPUTS = 2;

/** @returns how many were replaced */
export function fuseGelus(draft: GraphDraft, log = new RewriteLog()): number {
  const { flow } = draft;
  let count = 0;
  for (const { outputs, field } of draft.nodes("Mul")) {
    const [to] = outputs;
    const found = to === undefined ? undefined : findGelu(draft, to);
    if (!found) continue;
    for (const node of found.nodes) {
      const piece = draft.makerOf(node.outputs[0])!;
      if (piece.field !== field) draft.remove(piece);
    }
    const last = flow.makerOf(to!)!;
    const operator = "com.microsoft::FastGelu";
    draft.replace(
      draft.makerOf(last.outputs[0])!,
      newNode({ operator, inputs: [found.from], output: to! }),
    );
    for (const { inputs } of found.nodes) for (const input of inputs) draft.removeTensor(input);
    count++;
  }
  const left = draft.nodes("Tanh").length;
  if (left > 0) log.miss(NAME, `${String(left)} times tanh that is not part of a GELU`);
  return count;
}

/** The nodes that make `to` from one earlier value, if they are the GELU by tanh. */
function findGelu({ model, flow }: GraphDraft, to: string): Elementwise | undefined {
  const before = valuesBefore(flow, to);
  if (!before.some((value) => flow.makerOf(value)?.operator === "Tanh")) return undefined;
  for (const from of before) {
    const found = elementwiseTo(model, flow, to, (value) => value === from);
    // The exact GELU is another function: it is the same within 0.0005 only.
    const hasTanh = [...(found?.nodes ?? [])].some(({ operator }) => operator === "Tanh");
    if (found && hasTanh && isGelu(found)) return found;
  }
  return undefined;
}

/** Values that `to` was made from, the nearest first. */
function valuesBefore(flow: DataFlow, to: string): string[] {
  const found = new Set<string>();
  let edge = [to];
  for (let step = 0; step < MAX_STEPS; step++) {
    // No node of a GELU has more inputs. In a file of a stranger one may have thousands.
    edge = edge.flatMap((value) => flow.makerOf(value)?.inputs.slice(0, MAX_INPUTS) ?? []);
    edge = edge.filter((value) => !found.has(value));
    for (const value of edge) found.add(value);
  }
  return [...found].filter((value) => value !== "" && flow.stored(value) === undefined);
}
