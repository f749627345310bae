/** HTTPS, and the isolation that gives WASM its threads. */

import type { Check } from "../finding.ts";
import { pageAnswer } from "./page-answer.ts";

export const checkSecureContext: Check = ({ page }) => {
  if (!page) return [];
  if (page.isSecureContext) {
    return [{ check: "secure-context", level: "ok", message: "The page is a secure context." }];
  }
  return [
    {
      check: "secure-context",
      level: "error",
      message:
        "The page is no secure context: it has no private storage, service worker, Web Locks, WebGPU or isolation.",
      advice: "Serve the app with HTTPS.",
    },
  ];
};

export const checkIsolation: Check = (observed) => {
  const { page } = observed;
  if (!page) return [];
  if (page.isCrossOriginIsolated) {
    return [
      { check: "isolation", level: "ok", message: "The page is isolated: WASM may use threads." },
    ];
  }
  const headers = pageAnswer(observed)?.headers ?? {};
  const { "cross-origin-opener-policy": opener, "cross-origin-embedder-policy": embedder } =
    headers;
  const lacks = [
    ...(opener?.startsWith("same-origin") && !opener.includes("popups")
      ? []
      : [`Cross-Origin-Opener-Policy: same-origin (it is ${shown(opener)})`]),
    ...(/^(require-corp|credentialless)/.test(embedder ?? "")
      ? []
      : [`Cross-Origin-Embedder-Policy: require-corp (it is ${shown(embedder)})`]),
  ];
  return [
    {
      check: "isolation",
      level: "warning",
      message: "The page is not cross-origin isolated: WASM has one thread.",
      advice:
        lacks.length > 0
          ? `Send ${lacks.join(" and ")} with the page.`
          : "The headers are there. The page has to be a secure context, and in no frame of another page.",
    },
  ];
};

function shown(header: string | undefined): string {
  return header === undefined ? "missing" : `\`${header}\``;
}
