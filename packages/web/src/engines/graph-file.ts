/** The file of one of a model's graphs, as an engine gets it. */

import type { VerifiedFile } from "../shared/verified-file.ts";

/** Verified, wherever it is stored. */
export interface GraphFile extends VerifiedFile {
  /** The files beside it that the graph may keep weights in. `close` closes them too. */
  readonly externalData?: readonly ExternalFile[];
}

/** A file beside a graph's own. */
export interface ExternalFile {
  /** What the graph calls it: its path from the graph's folder. */
  readonly location: string;
  readonly source: Pick<VerifiedFile, "size" | "read">;
}
