/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export function isSame(one: Size, other: Size): boolean {
  return one.width === other.width && one.height === other.height;
}

/** Whether every pixel of `inner` has a place in `outer`. */
export function fitsIn(inner: Size, outer: Size): boolean {
  return inner.width <= outer.width && inner.height <= outer.height;
}

/** The same for an image that may be turned by a quarter. */
export function fitsTurned(inner: Size, outer: Size): boolean {
  return fitsIn(inner, outer) || fitsIn({ width: inner.height, height: inner.width }, outer);
}

/** The smallest size that has a place for both. */
export function cover(one: Size, other: Size): Size {
  return {
    width: Math.max(one.width, other.width),
    height: Math.max(one.height, other.height),
  };
}

/** As a message writes it. */
export function showSize({ width, height }: Size): string {
  return `${String(width)} × ${String(height)}`;
}
