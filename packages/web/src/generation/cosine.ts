/** The cosine of two vectors. @returns NaN when a vector is zero or not finite */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let dot = 0;
  let lengthA = 0;
  let lengthB = 0;
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const [x, y] = [a[index] ?? NaN, b[index] ?? NaN];
    dot += x * y;
    lengthA += x * x;
    lengthB += y * y;
  }
  return dot / Math.sqrt(lengthA * lengthB);
}

/**
 * The cosine of two vectors after their means were subtracted. For logits this is right, because raising all of them by the
 * same amount changes nothing.
 *
 * @returns NaN when a vector does not vary or is not finite
 */
export function centredCosine(a: Float32Array, b: Float32Array): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  return cosine(
    a.map((value) => value - meanA),
    b.map((value) => value - meanB),
  );
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
