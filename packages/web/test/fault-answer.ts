/** The answer of a server that does one thing wrong. */

import { gzipSync } from "node:zlib";
import { answerHonestly, type Answer, type Asked } from "./byte-range.ts";
import type { Fault } from "./faults.ts";
import type { Content } from "./served-content.ts";

/** How much too long the body of a `long` answer is. */
export const EXTRA_BYTES = 1024;

const NOTHING: Content = { bytes: new Uint8Array(), type: "text/plain", etag: '""' };

/** The answer that `fault` makes of the honest one. */
export function answerWithFault(fault: Fault, asked: Asked, content = NOTHING): Answer {
  const honest = answerHonestly(content, asked);
  const { body } = honest;
  const until = fault.afterBytes ?? Math.floor(body.length / 2);
  switch (fault.kind) {
    case "status":
      return answerText(fault.status ?? 500, "fault", {
        ...(fault.retryAfter !== undefined && { "Retry-After": fault.retryAfter }),
        ...fault.headers,
      });
    case "html":
      return answerText(200, "<!doctype html><title>Sign in</title>", {
        "Content-Type": "text/html",
      });
    case "truncate": {
      const half = content.bytes.subarray(0, Math.floor(content.bytes.length / 2));
      return answerHonestly({ ...content, bytes: half }, asked);
    }
    case "corrupt":
      return {
        ...honest,
        body: flipBit(body, (fault.atByte ?? startOf(honest)) - startOf(honest)),
      };
    case "stall":
      if (fault.afterBytes === undefined) return { ...honest, ending: "silence" };
      return { ...honest, body: body.subarray(0, until), ending: "stall" };
    case "cut":
      return { ...honest, body: body.subarray(0, until), ending: "cut" };
    case "ignore-range":
      return answerHonestly(content, { method: asked.method });
    case "refuse-range":
      return answerText(416, "no ranges here", {
        "Content-Range": `bytes */${String(content.bytes.length)}`,
      });
    case "wrong-range":
      return answerHonestly(content, { method: asked.method, range: rangeBeside(honest) });
    case "short":
      return withoutLength({ ...honest, body: body.subarray(0, until) });
    case "long":
      return withoutLength({
        ...honest,
        body: Buffer.concat([body, new Uint8Array(EXTRA_BYTES)]),
      });
    case "gzip":
      return answerPacked(content);
    default:
      return honest;
  }
}

/** An answer that is a short text. */
export function answerText(status: number, text: string, headers: Answer["headers"] = {}): Answer {
  const body = Buffer.from(text);
  return {
    status,
    headers: { "Content-Type": "text/plain", "Content-Length": body.length, ...headers },
    body,
  };
}

function startOf(answer: Answer): number {
  return answer.range?.start ?? 0;
}

function flipBit(bytes: Uint8Array, index: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[index]! ^= 1;
  return copy;
}

function rangeBeside({ range }: Answer): string {
  const { start, end } = range!;
  return start > 0 ? `bytes=${start - 1}-${end - 1}` : `bytes=1-${end + 1}`;
}

function withoutLength(answer: Answer): Answer {
  const headers = Object.entries(answer.headers).filter(([name]) => name !== "Content-Length");
  return { ...answer, headers: Object.fromEntries(headers) };
}

/** As nginx does it: no ranges, and a tag that says the bytes are not the file's own. */
function answerPacked({ bytes, type, etag }: Content): Answer {
  return {
    status: 200,
    headers: { "Content-Type": type, "Content-Encoding": "gzip", ETag: `W/${etag}` },
    body: gzipSync(bytes),
  };
}
