import type { Av1Sequence } from "./av1-sequence-header.ts";
import type { BitReader } from "./bit-reader.ts";
import type { Size } from "./size.ts";

const KEY_FRAME = 0;
const INTRA_ONLY_FRAME = 2;
const SWITCH_FRAME = 3;
const EACH_FRAME_SAYS = 2;
const REFERENCES = 8;
const REFERENCES_OF_A_FRAME = 7;

/** The layer to which a frame belongs, from two fields in the header of its OBU. */
export interface Av1Layer {
  readonly temporal: number;
  readonly spatial: number;
}

/**
 * The size in a frame's own header; undefined if the frame has the size of its sequence or of another frame. A frame must
 * not be larger than its sequence says, but decoders do not refuse one that is.
 *
 * Reads `uncompressed_header` up to `frame_size` (AV1, 5.9.2).
 */
export function readAv1FrameSize(
  bits: BitReader,
  sequence: Av1Sequence,
  layer: Av1Layer,
): Size | undefined {
  if (sequence.isReduced || bits.flag()) return undefined; // or it shows a frame that was decoded before
  const type = bits.read(2);
  const isIntra = type === KEY_FRAME || type === INTRA_ONLY_FRAME;
  const isShown = bits.flag();
  if (isShown) bits.skip(sequence.presentationTimeBits);
  else bits.skip(1); // may be shown later
  const isResilient = type === SWITCH_FRAME || (type === KEY_FRAME && isShown) || bits.flag();
  bits.skip(1); // whether symbols adapt
  skipScreenContent(bits, sequence);
  if (sequence.frameId) bits.skip(sequence.frameId.bits);

  const hasOwnSize = type === SWITCH_FRAME || bits.flag();
  if (!hasOwnSize) return undefined;
  bits.skip(sequence.orderHintBits);
  if (!isIntra && !isResilient) bits.skip(3); // primary reference
  skipRemovalTimes(bits, sequence, layer);
  const refreshes = type === SWITCH_FRAME || (type === KEY_FRAME && isShown) ? 0xff : bits.read(8);
  if ((!isIntra || refreshes !== 0xff) && isResilient && sequence.orderHintBits > 0) {
    bits.skip(REFERENCES * sequence.orderHintBits);
  }
  if (!isIntra) {
    skipReferences(bits, sequence);
    if (!isResilient && hasSizeOfReference(bits)) return undefined;
  }
  return { width: bits.read(sequence.widthBits) + 1, height: bits.read(sequence.heightBits) + 1 };
}

function skipScreenContent(bits: BitReader, sequence: Av1Sequence): void {
  const { screenContentTools, integerMotion } = sequence;
  const isScreen = screenContentTools === EACH_FRAME_SAYS ? bits.flag() : screenContentTools === 1;
  if (isScreen && integerMotion === EACH_FRAME_SAYS) bits.skip(1);
}

function skipRemovalTimes(bits: BitReader, sequence: Av1Sequence, layer: Av1Layer): void {
  const { removalTimeBits, timedOperatingPoints } = sequence;
  if (removalTimeBits === undefined || !bits.flag()) return;
  for (const layers of timedOperatingPoints) {
    const isInPoint = (layers >> layer.temporal) & 1 && (layers >> (layer.spatial + 8)) & 1;
    if (layers === 0 || isInPoint) bits.skip(removalTimeBits);
  }
}

function skipReferences(bits: BitReader, { orderHintBits, frameId }: Av1Sequence): void {
  const isShort = orderHintBits > 0 && bits.flag();
  if (isShort) bits.skip(3 + 3);
  for (let reference = 0; reference < REFERENCES_OF_A_FRAME; reference += 1) {
    if (!isShort) bits.skip(3);
    if (frameId) bits.skip(frameId.deltaBits);
  }
}

function hasSizeOfReference(bits: BitReader): boolean {
  for (let reference = 0; reference < REFERENCES_OF_A_FRAME; reference += 1) {
    if (bits.flag()) return true;
  }
  return false;
}
