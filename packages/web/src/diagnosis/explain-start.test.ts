import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startFaultServer, type FaultServer } from "../../test/fault-server.ts";
import { explainStart, type StartFacts } from "./explain-start.ts";

let server: FaultServer;

beforeEach(async () => {
  server = await startFaultServer();
  vi.stubGlobal("location", new URL(`${server.origin}/app/index.html`));
});

afterEach(async () => {
  vi.unstubAllGlobals();
  await server.close();
});

/** Serves scripts, by their paths. */
function serve(scripts: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(scripts)) {
    server.contents.set(path, new TextEncoder().encode(text));
  }
}

async function explain(facts: Partial<StartFacts> = {}) {
  const known = { address: "/app/worker.js", message: "", directives: [], ...facts };
  const error = await explainStart("script", known);
  return error && { reason: error.details.reason, file: error.details.url?.split("/").at(-1) };
}

describe("a worker of which the browser says nothing", () => {
  it.each([
    ["is not there", { "/app/other.js": "" }, "script-missing", "worker.js"],
    [
      "imports what is not there",
      { "/app/worker.js": 'import"./a.js";' },
      "script-missing",
      "a.js",
    ],
    [
      "imports something that does, over one more script",
      { "/app/worker.js": 'import{a}from"./a.js"', "/app/a.js": 'export*from"../b.js"' },
      "script-missing",
      "b.js",
    ],
    [
      "imports a package by its name",
      { "/app/worker.js": 'import { startWorker } from "@fastvlm-kit/web/worker";' },
      "bare-import",
      "worker.js",
    ],
    ["has another type", { "/app/worker.js": "" }, "script-wrong-type", "worker.txt"],
  ])("%s", async (what, scripts, reason, file) => {
    serve({ ...scripts, "/app/worker.txt": "" });
    const address = what === "has another type" ? "worker.txt" : undefined;
    expect(await explain(address === undefined ? {} : { address })).toEqual({ reason, file });
  });

  it("is not blamed for names in comments, nor for imports that go round in a circle", async () => {
    serve({
      "/app/worker.js":
        '/** import { a } from "a-package"; */\n// from "another"\nimport "./a.js";',
      "/app/a.js": 'import "./worker.js";',
    });
    expect(await explain()).toBeUndefined();
  });

  it("needs the embedder policy that the page has", async () => {
    serve({ "/app/worker.js": "" });
    vi.stubGlobal("crossOriginIsolated", true);
    expect(await explain()).toEqual({ reason: "script-not-isolated", file: "worker.js" });
  });

  it("of another origin may lack CORS, or is not there", async () => {
    const other = "http://localhost:1/worker.js";
    expect(await explain({ address: other })).toEqual({
      reason: "worker-other-origin",
      file: "worker.js",
    });
    const missing = `${server.otherOrigin}/app/worker.js`;
    expect(await explain({ address: missing })).toEqual({
      reason: "script-missing",
      file: "worker.js",
    });
  });

  it("of another origin needs no policy of its own, because a script of the page's runs it", async () => {
    serve({ "/app/worker.js": "" });
    vi.stubGlobal("crossOriginIsolated", true);
    expect(await explain({ address: `${server.otherOrigin}/app/worker.js` })).toBeUndefined();
  });

  it("is given up soon when the server does not answer", async () => {
    server.faults.push({ path: "worker", kind: "stall" });
    expect(await explain({ isLate: true })).toEqual({
      reason: "script-unreachable",
      file: "worker.js",
    });
  }, 10_000);
});

describe("what browsers say", () => {
  const address = "/app/worker.js";
  it.each([
    // Chromium, Firefox and Safari.
    ['Uncaught TypeError: Failed to resolve module specifier "a".', "bare-import"],
    ["TypeError: The specifier “a” was a bare specifier, but was not remapped", "bare-import"],
    ["TypeError: Module name, 'a' does not resolve to a valid URL.", "bare-import"],
    ["Uncaught SyntaxError: Cannot use import statement outside a module", "worker-not-module"],
    [
      "SyntaxError: import declarations may only appear at top level of a module",
      "worker-not-module",
    ],
    [
      "SyntaxError: Unexpected token '*'. import call expects one or two arguments.",
      "worker-not-module",
    ],
  ])("%s", async (message, reason) => {
    expect(await explain({ address, message })).toMatchObject({ reason });
  });

  it("of an import that failed, the address of what is missing", async () => {
    const url = `${server.origin}/app/chunk.js`;
    for (const words of ["Failed to fetch", "error loading"]) {
      const message = `TypeError: ${words} dynamically imported module: ${url}`;
      expect(await explain({ message })).toEqual({ reason: "script-missing", file: "chunk.js" });
    }
    serve({ "/app/worker.js": 'import("./chunk.js");import("worker_threads")' });
    const message = "TypeError: Importing a module script failed.";
    expect(await explain({ message })).toEqual({ reason: "script-missing", file: "chunk.js" });
  });

  it("of policies", async () => {
    for (const directive of ["worker-src", "script-src-elem", "child-src"]) {
      expect(await explain({ directives: [directive] })).toMatchObject({
        reason: "script-blocked",
      });
    }
    const directives = ["require-trusted-types-for"];
    expect(await explain({ directives })).toMatchObject({ reason: "trusted-types" });
  });

  it("of an error of the app's own, nothing", async () => {
    serve({ "/app/worker.js": "" });
    vi.stubGlobal("crossOriginIsolated", true);
    expect(await explain({ message: "Uncaught Error: the app's own" })).toBeUndefined();
    expect(await explain({ refusal: new RangeError("the app's own") })).toBeUndefined();
  });
});
