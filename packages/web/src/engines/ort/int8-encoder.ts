/** The vision encoder as the CPU runs it best: as int8 products, written from the downloaded file (decisions/2026-11-24-int8-vision-encoder.md). */

import { ifReadable, planEncoder, planInt8Vision } from "@fastvlm-kit/onnx/graph";
import type { EncoderOptimizer } from "../encoder-optimizer.ts";
import { outlineGraph } from "./graph-file.ts";

export const INT8_ENCODER: EncoderOptimizer = {
  kind: "int8-vision-2",
  label: "int8-vision",
  plan(source, isAlways) {
    const { model } = outlineGraph(source, "vision");
    if (!model) return undefined;
    return ifReadable(() => {
      const { edit } = planEncoder(model);
      return planInt8Vision(model, {
        ...(edit && { edit }),
        ...(isAlways && { minModelWeights: 1 }),
      });
    });
  },
};
