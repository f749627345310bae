/**
 * Fetches images from hosts that the operator has named, and from no other. Else whoever may ask the server could make it send
 * requests into the network that it stands in (server-side request forgery). So a name has to be on the list, its address
 * must be public, it is looked up once for the check and the connection, and redirects are not followed.
 */

import { lookup as lookUp } from "node:dns";
import { get as getHttp } from "node:http";
import { get as getHttps } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { invalidRequest } from "./api-error.ts";

export interface ImageHosts {
  /** @throws {ApiError} 400 where the address is not allowed, or brings no image */
  fetch(url: string, signal: AbortSignal): Promise<Blob>;
}

export interface ImageHostsOptions {
  /** Host names, such as `images.example.com`; with a port if it is not the usual one. */
  readonly allowed: readonly string[];
  /** The most bytes of an image. */
  readonly maxBytes: number;
  /** Whether addresses of this machine and of private networks are allowed too. For tests and closed networks. */
  readonly mayBePrivate?: boolean;
}

const TIMEOUT_MS = 10_000;

export function createImageHosts({
  allowed,
  maxBytes,
  mayBePrivate = false,
}: ImageHostsOptions): ImageHosts {
  return {
    async fetch(address, signal) {
      const url = URL.canParse(address) ? new URL(address) : undefined;
      if (!url || !allowed.includes(url.host)) {
        const advice =
          allowed.length === 0 ? "" : ` Images of these hosts can: ${allowed.join(", ")}.`;
        throw refused(
          `This address cannot be fetched; send the image as a \`data:\` address.${advice}`,
        );
      }
      const ending = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
      try {
        return await download(url, { maxBytes, mayBePrivate, signal: ending });
      } catch (error) {
        signal.throwIfAborted();
        throw refused(`The image could not be fetched: ${(error as Error).message}.`);
      }
    },
  };
}

function refused(message: string) {
  return invalidRequest(message, "messages", "image_fetch_failed");
}

interface DownloadOptions {
  readonly maxBytes: number;
  readonly mayBePrivate: boolean;
  readonly signal: AbortSignal;
}

function download(url: URL, { maxBytes, mayBePrivate, signal }: DownloadOptions): Promise<Blob> {
  const get = url.protocol === "https:" ? getHttps : getHttp;
  return new Promise((resolve, reject) => {
    // A literal address is not looked up.
    const literal = url.hostname.replace(/^\[|\]$/g, "");
    if (!mayBePrivate && isIP(literal) !== 0 && isPrivate(literal)) {
      reject(new Error("its address is not public"));
      return;
    }
    const lookup = mayBePrivate ? lookUp : lookUpPublic;
    const request = get(url, { signal, lookup, agent: false }, (response) => {
      const { statusCode = 0 } = response;
      if (statusCode !== 200) {
        request.destroy(new Error(`its host answered with status ${String(statusCode)}`));
        return;
      }
      const chunks: Buffer<ArrayBuffer>[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer<ArrayBuffer>) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes <= maxBytes) return;
        // At once, because an answer that is here as a whole would still end well.
        reject(new Error("it is too large"));
        request.destroy();
      });
      response.on("end", () => {
        resolve(new Blob(chunks));
      });
      response.on("error", reject);
    });
    request.on("error", reject);
  });
}

/** Gives the connection only addresses that are public, so that a name cannot lead to another one than was checked. */
const lookUpPublic: LookupFunction = (hostname, options, callback) => {
  lookUp(hostname, { ...options, all: true }, (error, found) => {
    const address = found.find((one) => !isPrivate(one.address));
    if (error || !address) {
      callback(error ?? new Error("its address is not public"), "", 0);
    } else if (options.all === true) callback(null, [address]);
    else callback(null, address.address, address.family);
  });
};

/** Everything that is not the public internet (IANA's registries of special addresses). */
const PRIVATE = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
] as const) {
  PRIVATE.addSubnet(network, bits, "ipv4");
}
/** Of IPv6, only global unicast is public; addresses that hold one of IPv4 are not. */
const GLOBAL = new BlockList();
GLOBAL.addSubnet("2000::", 3, "ipv6");
const TUNNELS = new BlockList();
TUNNELS.addSubnet("2001::", 23, "ipv6");
TUNNELS.addSubnet("2001:db8::", 32, "ipv6");
TUNNELS.addSubnet("2002::", 16, "ipv6");

function isPrivate(address: string): boolean {
  if (isIP(address) === 4) return PRIVATE.check(address, "ipv4");
  return !GLOBAL.check(address, "ipv6") || TUNNELS.check(address, "ipv6");
}
