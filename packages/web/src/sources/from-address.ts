/** Reads what an address names. */

import { VlmError } from "../protocol/errors.ts";
import { isBlobAddress, isDataAddress, shownAddress } from "../schema/local-address.ts";
import { openBlobAddress } from "./blob-address.ts";
import { fetchImage } from "./fetch-image.ts";
import type { SnapshotOptions } from "./snapshot-options.ts";

/** The image at an address. What a `data:` address holds, the worker reads. */
export type AddressedImage = Blob | HTMLImageElement | { readonly dataAddress: string };

/**
 * @throws {VlmError} `image-fetch-failed`, `image-too-large`, `network-forbidden`; the signal's reason when it aborts
 * @throws {TypeError} when it is no address, or one with a password
 */
export async function openAddress(
  address: string,
  { limits, network, signal }: Pick<SnapshotOptions, "limits" | "network" | "signal">,
): Promise<AddressedImage> {
  const url = toAbsoluteUrl(address);
  if (isDataAddress(url)) return { dataAddress: url };
  if (isBlobAddress(url)) return openBlobAddress(url, signal);
  if (network === "none") {
    throw new VlmError(
      "network-forbidden",
      '`network: "none"` forbids every request. Pass images as a Blob, or allow the network.',
      { url: shownAddress(url) },
    );
  }
  return fetchImage(url, limits, signal);
}

function toAbsoluteUrl(address: string): string {
  if (address.trim() === "") {
    throw new TypeError(
      "Expected `image` to be an address when it is a string, got an empty one. Check that the image was chosen",
    );
  }
  // The error does not show the address, which may hold a password or a key.
  if (!URL.canParse(address, document.baseURI)) {
    throw new TypeError(
      "Expected `image` to be an address when it is a string, got one that cannot be read as an address",
    );
  }
  const url = new URL(address, document.baseURI);
  // Browsers do not fetch addresses with a password, and the error would contain the password.
  if (url.username !== "" || url.password !== "") {
    throw new TypeError(
      "Expected `image` to be an address without a user name and password. Fetch the image yourself and pass the Blob",
    );
  }
  return url.href;
}
