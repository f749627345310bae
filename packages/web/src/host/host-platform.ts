/** What a host uses in place of a browser, where there is none. Each field is the browser's own if it is left out. */

import type { FileDecoder } from "../decode/file-decoder.ts";
import type { OpenStores } from "../storage/open-stores.ts";

export interface HostPlatform {
  /** Decodes files of images. */
  readonly decoder?: FileDecoder;
  /** Opens the places where models, results and features are kept. */
  readonly openStores?: OpenStores;
}
