/** An ONNX model for {@link timeThreads}: a chain of matrix products of any size, without weights of its own. */

const NODES = 64;

/** Numbers of ONNX: float32, and the version of the operators. */
const [FLOAT, OPSET] = [1, 13];

/** `y = x · w · w · …` with 64 products. */
export function chainModel(): Uint8Array {
  const nodes = Array.from({ length: NODES }, (_, at) => {
    const [from, to] = [
      at === 0 ? "x" : `y${String(at)}`,
      at === NODES - 1 ? "y" : `y${String(at + 1)}`,
    ];
    return message(1, [...text(1, from), ...text(1, "w"), ...text(2, to), ...text(4, "MatMul")]);
  });
  const graph = [
    ...nodes.flat(),
    ...text(2, "chain"),
    ...tensor(11, "x", ["rows", "side"]),
    ...tensor(11, "w", ["side", "side"]),
    ...tensor(12, "y", ["rows", "side"]),
  ];
  return new Uint8Array([8, 8, ...message(7, graph), ...message(8, [16, OPSET])]);
}

function tensor(field: number, name: string, sizes: readonly string[]): number[] {
  const shape = message(
    2,
    sizes.flatMap((size) => message(1, text(2, size))),
  );
  return message(field, [...text(1, name), ...message(2, message(1, [8, FLOAT, ...shape]))]);
}

function text(field: number, value: string): number[] {
  return message(field, [...new TextEncoder().encode(value)]);
}

/** A field of protobuf with bytes in it, fewer than 16,384. */
function message(field: number, bytes: readonly number[]): number[] {
  const { length } = bytes;
  const size = length < 128 ? [length] : [(length & 127) | 128, length >> 7];
  return [(field << 3) | 2, ...size, ...bytes];
}
