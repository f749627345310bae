/** Runs the embedding as a session of ORT, for graphs that are more than a table. */

import type { Embedding } from "./embedding.ts";
import type { OrtModule } from "./ort-source.ts";
import type { Session } from "./session.ts";
import { int64, missing, readFloats } from "./tensors.ts";

export function runEmbedding(ort: OrtModule, session: Session): Embedding {
  return {
    async rows(ids) {
      const outputs = await session.run({
        input_ids: int64(ort, BigInt64Array.from(ids, BigInt), [1, ids.length]),
      });
      const embeds = outputs["inputs_embeds"];
      if (!embeds) throw missing("embed", "inputs_embeds");
      return readFloats(embeds);
    },
    release: () => session.release(),
  };
}
