/**
 * What goes from a test into a page and back: JSON, and what Playwright takes besides that tests use. Both functions run on
 * either side, so they refer to nothing outside of themselves.
 */

/** Something that stays in the page. */
export interface HandleName {
  readonly handle: number;
}

/** @param nameOf the handle that stands for a value, where one does */
export function encode(value: unknown, nameOf: (value: object) => HandleName | undefined): unknown {
  // Shorter than a list of numbers.
  const base64 = (bytes: Uint8Array): string => {
    let binary = "";
    for (let start = 0; start < bytes.length; start += 0x8000) {
      binary += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
    }
    return btoa(binary);
  };
  // Whatever realm it is of; a `Buffer` is a `Uint8Array`.
  const kindOf = (value: object): string => Object.prototype.toString.call(value).slice(8, -1);
  const seen: object[] = [];
  const walk = (value: unknown): unknown => {
    switch (typeof value) {
      case "undefined":
      case "function":
      case "symbol":
        return { $: "undefined" };
      case "bigint":
        return { $: "bigint", text: String(value) };
      case "number": {
        if (Number.isFinite(value) && !Object.is(value, -0)) return value;
        return { $: "number", text: Object.is(value, -0) ? "-0" : String(value) };
      }
      case "object":
        break;
      default:
        return value;
    }
    if (value === null) return null;
    const name = nameOf(value);
    if (name) return { $: "handle", ...name };
    if (ArrayBuffer.isView(value)) {
      const bytes = new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength);
      return { $: "view", type: kindOf(value), text: base64(bytes) };
    }
    if (kindOf(value) === "Date") return { $: "date", time: Number(value) };
    if (kindOf(value) === "Error" || value instanceof Error) {
      const { name, message, stack } = value as Error;
      return { $: "error", name, message, stack };
    }
    if (seen.includes(value)) throw new Error("The value refers to itself.");
    // A `URL` and the like have getters only.
    const { toJSON } = value as { toJSON?: unknown };
    if (Object.keys(value).length === 0 && typeof toJSON === "function") {
      return walk(toJSON.call(value));
    }
    seen.push(value);
    const walked = Array.isArray(value)
      ? value.map(walk)
      : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item)]));
    seen.pop();
    return walked;
  };
  return walk(value);
}

/** @param find the value that a handle stands for */
export function decode(encoded: unknown, find: (name: HandleName) => unknown): unknown {
  type Tagged = { $: string; text: string; type: string; time: number } & HandleName & Error;
  const walk = (encoded: unknown): unknown => {
    if (encoded === null || typeof encoded !== "object") return encoded;
    if (Array.isArray(encoded)) return encoded.map(walk);
    if (!("$" in encoded)) {
      return Object.fromEntries(Object.entries(encoded).map(([key, item]) => [key, walk(item)]));
    }
    const { $, text, type, time, name, message, stack, ...rest } = encoded as Tagged;
    switch ($) {
      case "bigint":
        return BigInt(text);
      case "number":
        return Number(text);
      case "date":
        return new Date(time);
      case "handle":
        return find(rest);
      case "error":
        return Object.assign(new Error(message), { name, stack });
      case "view": {
        const { buffer } = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
        const View = (
          globalThis as unknown as Record<string, new (buffer: ArrayBuffer) => unknown>
        )[type]!;
        return new View(buffer);
      }
      default:
        return undefined;
    }
  };
  return walk(encoded);
}
