/** Decodes `data:` addresses. */

/**
 * Returns the bytes of a `data:` address, decoded as `fetch` decodes them
 * (https://fetch.spec.whatwg.org/#data-url-processor). It makes no request, which a Content-Security-Policy could refuse.
 *
 * @returns undefined if the address has no comma, or has base64 that cannot be decoded
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

/** Decodes `%41` and so on. A percent sign without two hex digits after it stays as it is. */
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
    return undefined; // `atob` throws only for text that is not base64.
  }
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
