/** Decodes what a `data:` address holds. */

/**
 * The bytes of a `data:` address, as a browser's `fetch` would decode them, without a request that a
 * Content-Security-Policy could refuse (https://fetch.spec.whatwg.org/#data-url-processor).
 *
 * @returns undefined where it has no comma, or base64 that is none
 */
export function decodeDataAddress(url: string): Uint8Array<ArrayBuffer> | undefined {
  const fragment = url.indexOf("#");
  const whole = fragment < 0 ? url : url.slice(0, fragment);
  const comma = whole.indexOf(",");
  if (comma < 0) return undefined;
  const body = whole.slice(comma + 1);
  const isBase64 = /;\s*base64\s*$/i.test(whole.slice(0, comma));
  if (!isBase64) return decodePercents(body);
  return decodeBase64(body.includes("%") ? toLatin1(decodePercents(body)) : body);
}

/** A percent sign that no two hex digits follow stands for itself. */
function decodePercents(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const code = bytes[at] === PERCENT ? parseHex(bytes[at + 1], bytes[at + 2]) : undefined;
    bytes[length++] = code ?? bytes[at]!;
    if (code !== undefined) at += 2;
  }
  return bytes.slice(0, length);
}

const PERCENT = 0x25;

function parseHex(high: number | undefined, low: number | undefined): number | undefined {
  if (high === undefined || low === undefined) return undefined;
  const digits = String.fromCharCode(high, low);
  return /^[0-9a-f]{2}$/i.test(digits) ? parseInt(digits, 16) : undefined;
}

function toLatin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return undefined; // `atob` throws for nothing but base64 that is none.
  }
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
