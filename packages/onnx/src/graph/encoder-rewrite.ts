/** Changes a vision encoder's graph when it is loaded: it is right for images of any size, and takes fewer steps. */

import { dropOpenMasks } from "./drop-open-mask.ts";
import { fuseBiases, PRODUCT } from "./fuse-bias.ts";
import { fuseGelus } from "./fuse-gelu.ts";
import { GraphDraft } from "./graph-draft.ts";
import { imageSizeOf, type ImageSize } from "./image-size.ts";
import type { GraphOutline } from "./model-outline.ts";
import type { MessageEdit } from "./rewrite.ts";
import { RewriteLog } from "./rewrite-log.ts";
import type { RewriteReport } from "./rewrite-report.ts";

export interface EncoderPlan {
  readonly size: ImageSize;
  /** Undefined if there is nothing to change. */
  readonly edit: MessageEdit | undefined;
  readonly rewrites: readonly RewriteReport[];
}

/** @throws {OnnxError} `model-invalid` */
export function planEncoder(model: GraphOutline): EncoderPlan {
  const log = new RewriteLog();
  const size = imageSizeOf(model);
  const pools = size.isFree ? size.pools : 0;
  const base: MessageEdit = size.isFree ? size.edit : { replacements: new Map(), additions: [] };
  const draft = GraphDraft.of(model, base);
  const gelus = draft ? fuseGelus(draft, log) : 0;
  const masks = draft ? dropOpenMasks(draft, log) : 0;
  const biases = draft && draft.nodes(PRODUCT).length > 0 ? fuseBiases(draft, log) : 0;
  return {
    size,
    edit: pools + gelus + masks + biases > 0 ? (draft?.toEdit() ?? base) : undefined,
    rewrites: [
      log.report("mean-over-map", pools),
      log.report("fused-gelu", gelus),
      log.report("no-open-mask", masks),
      log.report("fused-biases", biases),
    ],
  };
}
