import type { Layers } from "./layers.ts";

/** Query, key and value of one attention: the names of values [n, positions, channels]. */
export type AttentionParts = readonly [query: string, key: string, value: string];

/**
 * softmax(q·kᵀ / √d)·v for each head, in plain operators: on WebGPU the fused `MultiHeadAttention` of
 * onnxruntime-web 1.31 gives wrong numbers for maps of 64 positions (decisions/2026-11-23-plain-attention-in-the-encoder.md).
 *
 * @returns the name of a value [n, positions, channels]
 */
export function plainAttention(
  layers: Layers,
  name: string,
  [query, key, value]: AttentionParts,
  { channels, heads }: { channels: number; heads: number },
): string {
  const { graph } = layers;
  const headDim = channels / heads;
  const byHead = (part: string, order: readonly number[]): string => {
    const split = layers.reshape(`${part}.heads`, part, [0, 0, heads, headDim]);
    return layers.transpose(`${part}.by_head`, split, order);
  };
  const scale = layers.constant(`${name}.attention.root`, [1], () => [
    Float32Array.of(1 / Math.sqrt(headDim)),
  ]);
  const scaledQuery = graph.node("Mul", `${query}.scaled`, [query, scale]);
  const scores = graph.node("MatMul", `${name}.attention.scores`, [
    byHead(scaledQuery, [0, 2, 1, 3]), // [n, heads, positions, head dim]
    byHead(key, [0, 2, 3, 1]), // [n, heads, head dim, positions]
  ]);
  const shares = graph.node("Softmax", `${name}.attention.shares`, [scores], {
    axis: { int: -1 },
  });
  const mixed = graph.node("MatMul", `${name}.attention.mixed`, [
    shares,
    byHead(value, [0, 2, 1, 3]),
  ]); // [n, heads, positions, head dim]
  const joined = layers.transpose(`${name}.attention.joined`, mixed, [0, 2, 1, 3]);
  return layers.reshape(`${name}.attention`, joined, [0, 0, channels]);
}
