/** The file of a graph, in the form in which an engine gets it. */

import type { VerifiedFile } from "../shared/verified-file.ts";

/** A file of a graph whose bytes were verified. */
export interface GraphFile extends VerifiedFile {
  /** External files with weights of the graph. `close` closes them too. */
  readonly externalData?: readonly ExternalFile[];
}

/** An external file of a graph. */
interface ExternalFile {
  /** The name that the graph uses for it: its path from the graph's folder. */
  readonly location: string;
  readonly source: Pick<VerifiedFile, "size" | "read">;
}
