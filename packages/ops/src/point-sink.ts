import type { Point } from "./series/series.ts";

/** Receives every measurement of `createOps`, for instance to send it somewhere. */
export interface PointSink {
  readonly onPoint: (point: Point) => void;
}
