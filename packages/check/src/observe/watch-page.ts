/** Writes down what a page asks for, and what goes wrong in it. */

import type { Page } from "playwright-core";
import type { Problem } from "../observation.ts";

export interface PageLog {
  /** Address to the type that the browser fetched it as. */
  readonly requested: Map<string, string>;
  readonly problems: Problem[];
  workers: number;
}

export function watchPage(page: Page): PageLog {
  const log: PageLog = { requested: new Map(), problems: [], workers: 0 };
  page.on("request", (request) => {
    const url = request.url().split("#")[0]!;
    if (/^https?:/.test(url) && request.method() === "GET" && !log.requested.has(url)) {
      log.requested.set(url, request.resourceType());
    }
  });
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "failed";
    // The page gave it up, or has ended; what a policy refused is in the console too.
    if (["net::ERR_ABORTED", "csp"].includes(reason)) return;
    log.problems.push({ type: "request-failed", message: `${request.url()} (${reason})` });
  });
  page.on("pageerror", ({ message }) => {
    log.problems.push({ type: "exception", message });
  });
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    const text = message.text();
    // These are findings of the files.
    if (text.startsWith("Failed to load resource")) return;
    const isPolicy = /Content[ -]Security[ -]Policy/i.test(text);
    log.problems.push({ type: isPolicy ? "policy-violation" : "console-error", message: text });
  });
  page.on("worker", () => {
    log.workers++;
  });
  return log;
}
