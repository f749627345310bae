/** The policy for content, and the headers that keep an app from being misused. */

import type { Check, Finding } from "../finding.ts";
import type { Observation } from "../observation.ts";
import { pageAnswer } from "./page-answer.ts";

export const checkContentSecurityPolicy: Check = (observed) => {
  if (!observed.page) return [];
  const policies = listPolicies(observed);
  if (policies.length === 0) {
    return [
      {
        check: "content-security-policy",
        level: "warning",
        message:
          "There is no Content-Security-Policy: a script that gets into the page may do all.",
        advice: "Send the policy of the README of @fastvlm-kit/web with the page.",
      },
    ];
  }
  const scripts = policies.map((policy) => sourcesOf(policy, "script-src"));
  const holes = ["'unsafe-inline'", "'unsafe-eval'", "*", "data:"].filter((hole) =>
    scripts.every((sources) => sources === undefined || isOpen(sources, hole)),
  );
  const refused = scripts.some(
    (sources) => sources && !sources.some((source) => /^'(wasm-)?unsafe-eval'$/.test(source)),
  );
  const findings: Finding[] = [];
  if (refused) {
    findings.push({
      check: "content-security-policy",
      level: "error",
      message: "The policy forbids WebAssembly, which the kit's engine is.",
      advice: "Add 'wasm-unsafe-eval' to script-src.",
    });
  }
  if (holes.length > 0) {
    findings.push({
      check: "content-security-policy",
      level: "warning",
      message: `The policy allows scripts from ${holes.join(", ")}.`,
      advice: "Name the sources of scripts: 'self' and 'wasm-unsafe-eval' are enough for the kit.",
    });
  }
  if (findings.length > 0) return findings;
  return [
    {
      check: "content-security-policy",
      level: "ok",
      message: "A Content-Security-Policy allows scripts of named sources only.",
    },
  ];
};

/** A nonce or hash takes the effect from 'unsafe-inline'. */
function isOpen(sources: readonly string[], hole: string): boolean {
  if (!sources.includes(hole)) return false;
  return hole !== "'unsafe-inline'" || !sources.some((one) => /^'(nonce|sha\d+)-/.test(one));
}

function listPolicies(observed: Observation): string[] {
  const sent = pageAnswer(observed)?.headers["content-security-policy"];
  const all = [...(sent?.split(",") ?? []), ...(observed.page?.metaPolicies ?? [])];
  return all.filter((policy) => policy.trim() !== "");
}

/** @returns undefined where the policy says nothing of scripts */
function sourcesOf(policy: string, name: string): string[] | undefined {
  const directives = new Map(
    policy.split(";").map((text): [string, string[]] => {
      const [directive = "", ...sources] = text.trim().split(/\s+/);
      return [directive.toLowerCase(), sources];
    }),
  );
  return directives.get(name) ?? directives.get("default-src");
}

export const checkSecurityHeaders: Check = (observed) => {
  const answer = pageAnswer(observed);
  if (!observed.page || !answer) return [];
  const { headers } = answer;
  const policies = listPolicies(observed);
  const { protocol, hostname } = new URL(observed.page.url);
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  const lacks = [
    ...(headers["x-content-type-options"] === "nosniff" ? [] : ["X-Content-Type-Options: nosniff"]),
    ...(headers["referrer-policy"] === undefined ? ["Referrer-Policy: no-referrer"] : []),
    ...(headers["x-frame-options"] !== undefined ||
    policies.some((policy) => policy.includes("frame-ancestors"))
      ? []
      : ["frame-ancestors in the Content-Security-Policy"]),
    ...(protocol === "https:" && !isLocal && headers["strict-transport-security"] === undefined
      ? ["Strict-Transport-Security: max-age=31536000"]
      : []),
  ];
  if (lacks.length === 0) {
    return [
      { check: "security-headers", level: "ok", message: "The page has its security headers." },
    ];
  }
  return lacks.map((header) => ({
    check: "security-headers",
    level: "warning",
    message: `The page lacks ${header.split(":")[0]!}.`,
    advice: `Send ${header}.`,
  }));
};
