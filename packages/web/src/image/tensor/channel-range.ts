/** From bytes to the numbers that an encoder was trained with. */

/**
 * A value v from 0 to 1 becomes (v - mean) / deviation, for red, green and blue. With 0 and 1 it stays
 * as it is; with 0.5 and 0.5 the range is -1 to 1.
 */
export interface ChannelRange {
  readonly mean: readonly [red: number, green: number, blue: number];
  readonly deviation: readonly [red: number, green: number, blue: number];
}

/** @param value from 0 to 1 */
export function toRange(
  { mean, deviation }: ChannelRange,
  channel: 0 | 1 | 2,
  value: number,
): number {
  return (value - mean[channel]) / deviation[channel];
}

/** What each of the 256 bytes becomes in a channel. */
export function byteValues(range: ChannelRange, channel: 0 | 1 | 2): Float32Array {
  return Float32Array.from({ length: 256 }, (_, byte) => toRange(range, channel, byte / 255));
}
