import { torchStyle, type FormOptions } from "./form.ts";
import { toInt8Rows } from "./format/int8.ts";
import { GraphBuilder } from "./graph-builder.ts";
import { bytesOf, Layers } from "./layers.ts";
import { asWeightMatrix, matrixOf, rowSlabs, slabsOf, type Matrix } from "./matrix.ts";
import type { Precision } from "./precision.ts";
import { embeddingTableOf, type Weights } from "./weights.ts";

/**
 * The graph `input_ids` int64 [batch, tokens] → `inputs_embeds` float32 [batch, tokens, hidden].
 *
 * int8 keeps one scale for each row of the table, so a token with small numbers loses nothing to one with large ones.
 *
 * @throws {OnnxError} `tensor-missing`
 */
export function embedTokens(
  weights: Weights,
  precision: Precision,
  options: FormOptions = {},
): GraphBuilder {
  const graph = new GraphBuilder("embed_tokens", torchStyle(options));
  const table = matrixOf(weights, embeddingTableOf(weights)); // [vocab, hidden]
  const ids = graph.input("input_ids", "int64", ["batch_size", "sequence_length"]);
  // The public q4 files leave this table as it is.
  if (precision.matrices === "int8") gatherInt8(graph, precision, table, ids);
  else gatherFloats(graph, precision, table, ids);
  graph.output("inputs_embeds", "float32", ["batch_size", "sequence_length", table.inputs]);
  return graph;
}

function gatherFloats(graph: GraphBuilder, precision: Precision, table: Matrix, ids: string): void {
  const layers = new Layers(graph, precision);
  layers.constant("table", [table.outputs, table.inputs], function* () {
    for (const { rows } of rowSlabs(table)) yield rows;
  });
  const isHalf = precision.compute === "float16";
  const rows = graph.node("Gather", isHalf ? "rows" : "inputs_embeds", ["table", ids]);
  if (isHalf) layers.cast("inputs_embeds", rows, "float32");
}

function gatherInt8(graph: GraphBuilder, precision: Precision, table: Matrix, ids: string): void {
  const { outputs, inputs } = table;
  graph.store({
    tensors: [
      { name: "table", type: "int8", shape: [outputs, inputs] },
      { name: "scales", type: "float32", shape: [outputs, 1] },
    ],
    *bytes() {
      const scales = new Float32Array(outputs);
      for (const { first, count } of slabsOf(table)) {
        const rounded = toInt8Rows(asWeightMatrix(table), first, count);
        scales.set(rounded.scales, first);
        yield bytesOf(rounded.levels);
      }
      yield bytesOf(scales);
    },
  });
  const layers = new Layers(graph, precision);
  const levels = layers.cast("rows", graph.node("Gather", "levels", ["table", ids]), "float32");
  const scales = graph.node("Gather", "row_scales", ["scales", ids]); // [batch, tokens, 1]
  graph.node("Mul", "inputs_embeds", [levels, scales]);
}
