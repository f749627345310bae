/** Lists the devices to try, without those on which the page ended at an earlier visit. */

import type { DeviceAttempt } from "../protocol/errors.ts";
import type { Device, ModelDescriptor } from "../protocol/model-descriptor.ts";
import { listCandidates, type Candidates, type WhyNot } from "./candidates.ts";
import type { CrashMarks } from "./crash-marks.ts";

interface UnmarkedOptions {
  readonly model: ModelDescriptor;
  readonly wanted: "auto" | Device;
  /** What this visit taught about the devices. */
  readonly whyNot: WhyNot;
  readonly marks: CrashMarks;
}

/**
 * If no device is left, WASM is tried again, and then WebGPU: a page may also have ended for another reason. Of the files
 * for a device, those are taken with which no page ended, if there are any.
 */
export async function listUnmarkedCandidates(options: UnmarkedOptions): Promise<Candidates> {
  const { model, wanted, whyNot, marks } = options;
  await marks.collect();
  const list = (heeded: readonly Device[]): Promise<Candidates> => {
    const whyMarked: WhyNot = (device) =>
      heeded.includes(device) ? marks.whyNot(model.id, device) : undefined;
    return listCandidates(
      model,
      wanted,
      (device) => whyNot(device) ?? whyMarked(device),
      (device, variant) => marks.isSuspect(model.id, device, variant),
    );
  };
  let found = await list(["webgpu", "wasm"]);
  for (const heeded of [["webgpu"], []] as const) {
    if (found.candidates.length > 0 || !found.rejected.some(hasCrashed)) break;
    found = await list(heeded);
  }
  return withPassedOver(found, options);
}

/** Adds why the first files of a device are passed over, if they are. */
function withPassedOver(
  { candidates, rejected }: Candidates,
  { model: { id }, marks }: UnmarkedOptions,
): Candidates {
  const [first] = candidates;
  const why = first && marks.whyNot(id, first.device);
  if (!why || marks.isSuspect(id, first.device, first.variant.id)) return { candidates, rejected };
  return { candidates, rejected: [...rejected, { device: first.device, ...why }] };
}

function hasCrashed({ reason }: DeviceAttempt): boolean {
  return reason === "page-crashed";
}
