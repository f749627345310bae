/**
 * Which sides an image may have for a model, as data. The numbers belong to the model's family
 * (`families/`); here is what checks of options need to ask.
 */

export interface ImageSides {
  /** Every side is a multiple of this, in pixels. */
  readonly step: number;
  /** The largest side that a call may ask for, in pixels. */
  readonly most: number;
  /** `auto` never goes below this side, in pixels. */
  readonly leastAuto: number;
}

/** Whether an image may have this side; there is no upper bound here. */
export function isSide(value: unknown, { step }: ImageSides): value is number {
  return typeof value === "number" && value >= step && Number.isInteger(value / step);
}

/** The sentence part for an error message: what {@link isSide} accepts. */
export function describeSides({ step }: ImageSides): string {
  return `a multiple of ${String(step)}`;
}
