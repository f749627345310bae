/** What the page itself shows: its errors, its workers, and what the kit says. */

import type { Check, Finding } from "../finding.ts";
import type { Problem } from "../observation.ts";

const MOST_SHOWN = 5;

const WORDS: Readonly<Record<Problem["type"], readonly [Finding["level"], string, string]>> = {
  exception: ["error", "The page threw", "Mend the page's code."],
  "policy-violation": [
    "error",
    "The Content-Security-Policy refused something",
    "Allow what the app needs, and nothing else.",
  ],
  "request-failed": ["warning", "Requests of the page failed", "Look for the file on the host."],
  "console-error": ["warning", "The page wrote errors to its console", "Look at the console."],
};

export const checkReachable: Check = ({ page, failure }) =>
  page
    ? []
    : [
        {
          check: "page",
          level: "error",
          message: `The page did not open: ${failure ?? "no reason is known"}.`,
          advice: "Look whether the address is right, and whether the host answers.",
        },
      ];

export const checkProblems: Check = ({ page, problems }) => {
  if (!page) return [];
  const findings = Object.entries(WORDS).flatMap(([type, [level, words, advice]]): Finding[] => {
    const messages = problems.filter((one) => one.type === type).map(({ message }) => message);
    if (messages.length === 0) return [];
    const shown = [...new Set(messages)].slice(0, MOST_SHOWN).join(" | ");
    return [{ check: "page", level, message: `${words}: ${shown}`, advice }];
  });
  if (findings.length > 0) return findings;
  return [{ check: "page", level: "ok", message: "The page opened without an error." }];
};

export const checkKit: Check = ({ page }) => {
  if (!page) return [];
  const { kit, workers } = page;
  if (!kit) {
    return [
      {
        check: "health",
        level: "note",
        message: `The page shows nothing of the kit; ${String(workers)} workers ran.`,
        advice:
          "Set globalThis.fastvlm = { vlm, checkSupport: () => checkSupport({ model }) }, and the check asks them.",
      },
    ];
  }
  const findings: Finding[] = [];
  if (kit.failure !== undefined) {
    const message = `The kit could not be asked: ${kit.failure}`;
    findings.push({ check: "health", level: "error", message });
  }
  if (kit.support && !kit.support.isSupported) {
    findings.push({
      check: "health",
      level: "error",
      message: `checkSupport() says that the app cannot run here: ${kit.support.missing.join(", ")}.`,
      advice: "What a browser lacks may be for want of HTTPS, or of a header.",
    });
  }
  if (kit.health && kit.health.status !== "pass") {
    const { status, notPassed } = kit.health;
    // Such as one without WebGPU. The host can do nothing about it.
    const isOfBrowser = status === "warn" && notPassed.every((name) => name.startsWith("device:"));
    findings.push({
      check: "health",
      level: status === "fail" ? "error" : isOfBrowser ? "note" : "warning",
      message: `vlm.health() says \`${status}\`: ${notPassed.join(", ")}.`,
      advice: isOfBrowser
        ? "This is of the browser that checks. Others may have a GPU."
        : "The README of @fastvlm-kit/web says what each check of health means.",
    });
  }
  if (kit.health && workers === 0) {
    const message = "A client was made, but no worker ran.";
    findings.push({ check: "health", level: "warning", message });
  }
  if (findings.length > 0) return findings;
  const asked = [kit.support && "checkSupport()", kit.health && "vlm.health()"].filter(Boolean);
  const message = `${asked.join(" and ")} say that the app can answer.`;
  return [{ check: "health", level: "ok", message }];
};
