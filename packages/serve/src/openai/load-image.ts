/** Turns the address of an image into its bytes. */

import type { ImageHosts } from "./image-hosts.ts";
import { invalidRequest } from "./api-error.ts";

/**
 * Reads a `data:` address, or fetches one of a host that the operator has allowed.
 *
 * @throws {ApiError} 400
 */
export async function loadImage(
  url: string,
  hosts: ImageHosts,
  signal: AbortSignal,
): Promise<Blob> {
  if (/^https?:/i.test(url)) return hosts.fetch(url, signal);
  // Base64 alone, so that an address cannot be larger in memory than its image.
  const base64 = /^data:(?:image\/[\w.+-]+)?;base64,(.*)$/is.exec(url)?.[1];
  if (base64 === undefined) {
    throw invalidRequest(
      "Send each image as a `data:` address in base64, such as `data:image/png;base64,…`.",
      "messages",
    );
  }
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length === 0) throw invalidRequest("An image is empty, or is not base64.", "messages");
  return new Blob([bytes]);
}
