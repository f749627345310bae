/** How files are sent: whether they are what they should be, compressed, and cached. */

import type { Check, Finding } from "../finding.ts";
import type { Answer, ObservedFile } from "../observation.ts";
import { isGood, listAnswered, urlsOf } from "./page-answer.ts";

const SCRIPT_TYPE = /^(text|application)\/(x-)?(java|ecma)script\b/i;

/** Smaller answers gain nothing. */
const COMPRESS_FROM_BYTES = 1400;

/** A name with a part that looks like a hash, as bundlers write it: `index-BxK3dd_9.js`, `chunk.4f2a91c3.css`. */
const HASHED = /[-.](?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{8,}\.\w+$/;

const MONTH_SECONDS = 30 * 24 * 3600;
/** How long a page may be old before a new build is seen. */
const PAGE_SECONDS = 600;

export const checkFiles: Check = ({ files, page }) => {
  if (!page) return [];
  const failed = files.filter(({ whole }) => !whole || !isGood(whole));
  const disguised = files.filter(
    ({ kind, whole }) =>
      kind !== "page" && kind !== "other" && whole && isGood(whole) && isHtml(whole),
  );
  const mistyped = files.filter(
    (file) => file.whole && isGood(file.whole) && !disguised.includes(file) && hasWrongType(file),
  );
  const findings: Finding[] = [];
  if (failed.length > 0) {
    findings.push({
      check: "files",
      level: "error",
      message: `${count(failed)} could not be fetched: ${[...new Set(failed.map(({ whole }) => (whole ? `status ${String(whole.status)}` : "no answer")))].join(", ")}.`,
      advice: "Publish the whole folder that the build has written.",
      urls: urlsOf(failed),
    });
  }
  if (disguised.length > 0) {
    findings.push({
      check: "files",
      level: "error",
      message: `A web page comes in the place of ${count(disguised)}.`,
      advice:
        "The host answers unknown addresses with the app's page. Publish the file, or answer 404.",
      urls: urlsOf(disguised),
    });
  }
  for (const kind of ["script", "wasm"] as const) {
    const some = mistyped.filter((file) => (file.kind === "wasm") === (kind === "wasm"));
    if (some.length === 0) continue;
    findings.push({
      check: "files",
      level: kind === "script" ? "error" : "warning",
      message:
        kind === "script"
          ? `${count(some)} with another Content-Type than a script or a style: browsers refuse it.`
          : `${count(some)} of WebAssembly with another Content-Type: it is not compiled while it arrives.`,
      advice: `Send Content-Type: ${kind === "script" ? "text/javascript for scripts and text/css for styles" : "application/wasm"}.`,
      urls: urlsOf(some),
    });
  }
  if (findings.length > 0) return findings;
  return [{ check: "files", level: "ok", message: `${count(files)} came with the right type.` }];
};

export const checkCompression: Check = (observed) => {
  const text = listAnswered(observed, "page", "script", "wasm", "style").filter(
    ({ isOwn, whole }) =>
      isOwn &&
      (isCompressed(whole) ||
        Number(whole.headers["content-length"] ?? Infinity) >= COMPRESS_FROM_BYTES),
  );
  if (text.length === 0) return [];
  const plain = text.filter(({ whole }) => !isCompressed(whole));
  const unvaried = text.filter(
    ({ whole }) => isCompressed(whole) && !/accept-encoding|\*/i.test(whole.headers["vary"] ?? ""),
  );
  const findings: Finding[] = [];
  if (plain.length > 0) {
    const bytes = plain.reduce((sum, { whole }) => sum + lengthOf(whole), 0);
    findings.push({
      check: "compression",
      level: "warning",
      message: `${count(plain)} came without compression, ${(bytes / 1e6).toFixed(1)} MB.`,
      advice:
        "Compress scripts, styles, pages and WebAssembly with gzip or Brotli: a third of the bytes.",
      urls: urlsOf(plain),
    });
  }
  if (unvaried.length > 0) {
    findings.push({
      check: "compression",
      level: "warning",
      message: `${count(unvaried)} came compressed without Vary: a cache may send it to who cannot read it.`,
      advice: "Send Vary: Accept-Encoding.",
      urls: urlsOf(unvaried),
    });
  }
  if (findings.length > 0) return findings;
  return [{ check: "compression", level: "ok", message: `${count(text)} came compressed.` }];
};

export const checkCaching: Check = (observed) => {
  const answered = listAnswered(observed).filter(({ isOwn }) => isOwn);
  const fixed = answered.filter(({ kind, url }) => kind !== "page" && HASHED.test(pathOf(url)));
  const pages = answered.filter(({ kind }) => kind === "page" || kind === "service-worker");
  const findings: Finding[] = [];
  const short = fixed.filter(
    ({ kind, whole }) =>
      kind !== "service-worker" &&
      !(maxAgeOf(whole) >= MONTH_SECONDS && /\bimmutable\b/i.test(cacheOf(whole))),
  );
  const long = pages.filter(
    ({ whole }) =>
      !/\bno-(cache|store)\b/i.test(cacheOf(whole)) && !(maxAgeOf(whole) <= PAGE_SECONDS),
  );
  if (short.length > 0) {
    findings.push({
      check: "caching",
      level: "warning",
      message: `${count(short)} whose names have a hash may be asked for at each visit.`,
      advice: "Send Cache-Control: public, max-age=31536000, immutable.",
      urls: urlsOf(short),
    });
  }
  if (long.length > 0) {
    findings.push({
      check: "caching",
      level: "warning",
      message: `${long.map(({ kind }) => (kind === "page" ? "The page" : "The service worker")).join(" and ")} may be taken from a cache, so that a new build is not seen.`,
      advice: "Send Cache-Control: no-cache.",
      urls: urlsOf(long),
    });
  }
  if (findings.length > 0 || answered.length === 0) return findings;
  return [
    {
      check: "caching",
      level: "ok",
      message: `${count(fixed)} cached for good; the page is asked for anew.`,
    },
  ];
};

function isHtml({ headers, beginning }: Answer): boolean {
  return (
    /^text\/html\b/i.test(headers["content-type"] ?? "") || /^\s*<(!doctype|html)/i.test(beginning)
  );
}

export function isCompressed({ headers }: Answer): boolean {
  return !/^(identity)?$/i.test(headers["content-encoding"] ?? "");
}

function hasWrongType({ kind, whole }: ObservedFile): boolean {
  const type = whole?.headers["content-type"] ?? "";
  if (kind === "script" || kind === "service-worker") return !SCRIPT_TYPE.test(type);
  if (kind === "style") return !/^text\/css\b/i.test(type);
  return kind === "wasm" && !/^application\/wasm\b/i.test(type);
}

function lengthOf({ headers }: Answer): number {
  return Number(headers["content-length"] ?? 0);
}

function cacheOf({ headers }: Answer): string {
  return headers["cache-control"] ?? "";
}

/** In seconds; NaN where nothing is said. */
function maxAgeOf(answer: Answer): number {
  return Number(/\bmax-age=(\d+)/i.exec(cacheOf(answer))?.[1] ?? NaN);
}

function pathOf(url: string): string {
  return new URL(url).pathname;
}

function count(files: readonly unknown[]): string {
  return files.length === 1 ? "1 file" : `${String(files.length)} files`;
}
