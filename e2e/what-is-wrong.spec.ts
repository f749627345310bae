/**
 * Builds, servers and policies that keep the kit from starting: each has its own reason, and a remedy. What `checkSupport`
 * can know before a load, it says too.
 */

import type { Page, TestDetails } from "@playwright/test";
import type { StartProblem } from "@fastvlm-kit/web";
import { CHROMIUM_ARGS } from "../tools/browser.ts";
import { expect, openKit, notIn, onlyInChromium, test } from "./fixtures.ts";
import type { TestServer } from "./server/test-server.ts";

const SCENE = "/scenes/scene-01.png";

/** A policy that allows the kit everything, to take things away from. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; img-src 'self'; style-src 'self'";

interface Case {
  readonly prepare: (server: TestServer) => void;
  /** The address of a worker other than the app's, and of which kind it is. */
  readonly worker?: (server: TestServer) => { readonly url: string; readonly isClassic?: boolean };
  readonly reason: StartProblem;
  readonly phase: "script" | "wasm";
  /** The remedy in the message. */
  readonly remedy: RegExp;
  /** The file that the error names. */
  readonly file?: RegExp;
  readonly status?: number;
  /** Whether it can be known only when a model is loaded. */
  readonly isLate?: boolean;
}

const script = (server: TestServer, path: string, text: string): void => {
  server.contents.set(path, new TextEncoder().encode(text));
};

const CASES: Readonly<Record<string, Case>> = {
  "a worker that is not on the server": {
    prepare: ({ faults }) => faults.push({ path: "vlm.worker", kind: "status", status: 404 }),
    reason: "script-missing",
    phase: "script",
    remedy: /HTTP 404.*Serve all files/,
    file: /vlm\.worker/,
    status: 404,
  },
  "a page in place of the worker": {
    prepare: ({ faults }) => faults.push({ path: "vlm.worker", kind: "html" }),
    reason: "script-is-page",
    phase: "script",
    remedy: /web page.*with 404/,
    file: /vlm\.worker/,
  },
  "a worker of a wrong type": {
    prepare: (server) => {
      script(server, "/plain.txt", "");
    },
    worker: () => ({ url: "/plain.txt" }),
    reason: "script-wrong-type",
    phase: "script",
    remedy: /text\/javascript/,
    file: /plain\.txt/,
  },
  "a script that the worker imports, and that is not on the server": {
    prepare: ({ faults }) => faults.push({ path: "assets/serve-", kind: "status", status: 404 }),
    reason: "script-missing",
    phase: "script",
    remedy: /Serve all files/,
    file: /serve-/,
    status: 404,
  },
  "a script that is loaded with a model, and that is not on the server": {
    prepare: ({ faults }) => faults.push({ path: "loaded-model-", kind: "status", status: 404 }),
    reason: "script-missing",
    phase: "script",
    remedy: /Serve all files/,
    file: /loaded-model-/,
    status: 404,
    isLate: true,
  },
  "a policy without the worker's source": {
    prepare: (server) => (server.policy = POLICY.replace("worker-src 'self'", "worker-src blob:")),
    reason: "script-blocked",
    phase: "script",
    remedy: /`worker-src`/,
  },
  "a policy without 'wasm-unsafe-eval'": {
    prepare: (server) => (server.policy = POLICY.replace(" 'wasm-unsafe-eval'", "")),
    reason: "wasm-blocked",
    phase: "wasm",
    remedy: /'wasm-unsafe-eval'/,
  },
  "a page that demands Trusted Types, and trusts nothing": {
    prepare: (server) => (server.policy = `${POLICY}; require-trusted-types-for 'script'`),
    reason: "trusted-types",
    phase: "script",
    remedy: /trusted-types default fastvlm-kit/,
  },
  "a worker without an embedder policy, on an isolated page": {
    prepare: ({ headers }) =>
      headers.set("vlm.worker", { "Cross-Origin-Embedder-Policy": undefined }),
    reason: "script-not-isolated",
    phase: "script",
    remedy: /Cross-Origin-Embedder-Policy/,
    file: /vlm\.worker/,
  },
  "a worker of another origin, without CORS": {
    prepare: () => undefined,
    worker: ({ otherOrigin }) => ({ url: `${otherOrigin}/no-cors/worker.js` }),
    reason: "worker-other-origin",
    phase: "script",
    remedy: /Access-Control-Allow-Origin/,
    file: /worker\.js/,
  },
  "a worker of another origin that is not there": {
    prepare: () => undefined,
    worker: ({ otherOrigin }) => ({ url: `${otherOrigin}/worker.js` }),
    reason: "script-missing",
    phase: "script",
    remedy: /Serve all files/,
    file: /worker\.js/,
    status: 404,
  },
  "a worker that was not built": {
    prepare: (server) => {
      script(server, "/bare.js", `import { startWorker } from "@fastvlm-kit/web/worker";`);
    },
    worker: () => ({ url: "/bare.js" }),
    reason: "bare-import",
    phase: "script",
    remedy: /bundler/,
    file: /bare\.js/,
  },
  "a worker that is no module": {
    prepare: (server) => {
      script(server, "/module.js", `import "./other.js";`);
    },
    worker: () => ({ url: "/module.js", isClassic: true }),
    reason: "worker-not-module",
    phase: "script",
    remedy: /type: "module"/,
  },
  "the runtime's script that is not on the server": {
    prepare: ({ faults }) => faults.push({ path: "ort.wasm", kind: "status", status: 404 }),
    reason: "script-missing",
    phase: "script",
    remedy: /Serve all files/,
    file: /ort\.wasm/,
    status: 404,
    isLate: true,
  },
  "a runtime that is not on the server": {
    prepare: ({ faults }) => faults.push({ path: "threaded", kind: "status", status: 404 }),
    reason: "wasm-missing",
    phase: "wasm",
    remedy: /`runtimeFiles`/,
    file: /\.wasm/,
    status: 404,
    isLate: true,
  },
  "a page in place of the runtime": {
    prepare: ({ faults }) => faults.push({ path: "threaded", kind: "html" }),
    reason: "wasm-is-page",
    phase: "wasm",
    remedy: /with 404/,
    file: /\.wasm/,
    isLate: true,
  },
  "a runtime that does not arrive": {
    prepare: ({ faults }) => faults.push({ path: "threaded", kind: "cut", afterBytes: 0 }),
    reason: "wasm-unreachable",
    phase: "wasm",
    remedy: /connection/,
    file: /\.wasm/,
    isLate: true,
  },
};

/** What an engine does not say, by the reason that it keeps from the kit. */
const LIMITS: Readonly<Record<string, TestDetails>> = {
  "worker-not-module": notIn(
    "firefox",
    "Firefox 153 does not say why a worker's script cannot be read, so the kit can name only a file that is missing.",
  ),
  "script-wrong-type": notIn(
    "webkit",
    "WebKit 2.50 says nothing of a worker's script of a wrong type, so the reason comes after the start's deadline.",
  ),
  "wasm-blocked": notIn(
    "webkit",
    "WebKit 2.50 says that a policy forbids WebAssembly only when onnxruntime is compiled, so checkSupport does not know it.",
  ),
};

for (const [what, one] of Object.entries(CASES)) {
  const details = LIMITS[one.reason] ?? {};
  test(`${what}: ${one.reason}`, details, async ({ page, server }) => {
    const { phase, reason, remedy, file, status, isLate = false } = one;
    one.prepare(server);
    const worker = one.worker?.(server);
    await openKit(page, server);
    const { error, support } = await tryToStart(page, worker);
    expect(error).toMatchObject({ code: "start-failed", details: { phase, reason } });
    expect(error.message).toMatch(remedy);
    const { details } = error as { details: { url?: string; status?: number } };
    if (file) expect(details.url).toMatch(file);
    expect(details.status).toBe(status);
    expect(error.milliseconds).toBeLessThan(20_000);
    expect(support.isSupported).toBe(isLate);
    expect(support.problems).toEqual(
      isLate ? [] : [expect.objectContaining({ reason, isFatal: true })],
    );
    if (!isLate) expect(support.missing.join(" ")).toMatch(remedy);
  });
}

/** Creates a client, and asks `checkSupport` first. */
function tryToStart(page: Page, worker: { url: string; isClassic?: boolean } | undefined) {
  return page.evaluate(async (worker) => {
    const { checkSupport, createWorker, observe, timedFailureOf, tinyModel } = window.kit;
    const create = worker
      ? () => new Worker(worker.url, worker.isClassic === true ? {} : { type: "module" })
      : createWorker;
    const support = await checkSupport({ model: tinyModel(), device: "wasm", worker: create });
    const error = await timedFailureOf(() => observe({ device: "wasm", worker: create }));
    return { support, error };
  }, worker);
}

test("a tab that shares its worker says the same of it", async ({ page, server }) => {
  server.faults.push({ path: "vlm.worker", kind: "status", status: 404 });
  await openKit(page, server);
  const error = await page.evaluate(async () => {
    const { failureOf, observeShared } = window.kit;
    return failureOf(() => observeShared({ device: "wasm" }, 1));
  });
  expect(error).toMatchObject({ code: "start-failed", details: { reason: "script-missing" } });
});

test("nothing is wrong with a page as the docs describe it", async ({ page, server }) => {
  server.policy = POLICY;
  await openKit(page, server);
  const support = await page.evaluate(async () => {
    const { checkSupport, createWorker, tinyModel } = window.kit;
    return checkSupport({ model: tinyModel(), device: "wasm", worker: createWorker });
  });
  expect(support).toMatchObject({ isSupported: true, missing: [], problems: [], hasThreads: true });
});

test("an error of the app's own stays what it is", async ({ page, server }) => {
  script(server, "/own.js", `throw new Error("the app's own bug");`);
  await openKit(page, server);
  const errors = await page.evaluate(async () => {
    const { failureOf, observe } = window.kit;
    return {
      inTheWorker: await failureOf(() =>
        observe({ worker: () => new Worker("/own.js", { type: "module" }) }),
      ),
      inTheFunction: await failureOf(() =>
        observe({
          worker: () => {
            throw new RangeError("the app's own bug");
          },
        }),
      ),
    };
  });
  expect(errors.inTheWorker).toMatchObject({ code: "worker-crashed", details: { phase: "start" } });
  expect(errors.inTheWorker.message).toContain("the app's own bug");
  expect(errors.inTheFunction).toMatchObject({
    name: "RangeError",
    message: "the app's own bug",
  });
});

test("threads without the kit's policy of Trusted Types: one thread answers, and says why", async ({
  page,
  server,
}) => {
  server.policy = `${POLICY}; require-trusted-types-for 'script'; trusted-types default`;
  await page.addInitScript(() => {
    interface Factory {
      createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): unknown;
    }
    const { trustedTypes } = window as unknown as { trustedTypes: Factory };
    trustedTypes.createPolicy("default", { createScriptURL: (url) => url });
  });
  await openKit(page, server);
  const { text, events, support } = await page.evaluate(async (scene) => {
    const { checkSupport, createWorker, observe, tinyModel } = window.kit;
    const support = await checkSupport({ model: tinyModel(), worker: createWorker });
    const { vlm, events } = await observe({ device: "wasm", wasmThreads: 2 });
    return { text: (await vlm.caption(scene)).text, events, support };
  }, SCENE);
  expect(text).not.toBe("");
  expect(events).toContainEqual({
    type: "threads-fallback",
    reason: "trusted-types",
    message: expect.stringContaining("trusted-types default fastvlm-kit"),
  });
  expect(support).toMatchObject({
    isSupported: true,
    hasThreads: false,
    problems: [{ reason: "trusted-types", isFatal: false }],
  });
});

const HTTP = "a page over http has no WebGPU, and says that it is because of http";
test(
  HTTP,
  onlyInChromium("It names this machine with an argument of Chromium's."),
  async ({ playwright, launchOptions, server }) => {
    const browser = await playwright.chromium.launch({
      ...launchOptions,
      args: [...CHROMIUM_ARGS, "--host-resolver-rules=MAP app.test 127.0.0.1"],
    });
    const page = await browser.newPage();
    const { port } = new URL(server.origin);
    await page.goto(`http://app.test:${port}/index.html`);
    await page.waitForFunction(() => "kit" in window);
    const { support, error, events, text } = await page.evaluate(async (scene) => {
      const { checkSupport, failureOf, observe, tinyModel } = window.kit;
      const support = await checkSupport({ model: tinyModel() });
      const error = await failureOf(() => observe({ device: "webgpu" }));
      const { vlm, events } = await observe();
      return { support, error, events, text: (await vlm.caption(scene)).text };
    }, SCENE);
    await browser.close();
    expect(support.problems).toMatchObject([{ reason: "insecure-origin", isFatal: false }]);
    expect(support.problems[0]!.message).toContain("https");
    expect(support).toMatchObject({ isSupported: true, devices: ["wasm"] });
    expect(error).toMatchObject({
      code: "no-device",
      details: { attempts: [{ device: "webgpu", reason: "insecure-origin" }] },
    });
    expect(text).not.toBe("");
    expect(events).toContainEqual(
      expect.objectContaining({
        type: "device-fallback",
        fallback: expect.objectContaining({ reason: "insecure-origin", to: "wasm" }),
      }),
    );
  },
);

test("a host that packs everything serves no ranges: it works, and says so", async ({
  page,
  server,
}) => {
  server.faults.push({ path: ".onnx", kind: "gzip" });
  await openKit(page, server);
  const { text, events } = await page.evaluate(async (scene) => {
    const { observe, tinyModel, withShards } = window.kit;
    const model = await withShards(tinyModel(), 64 * 1024);
    const { vlm, events } = await observe({ model, device: "wasm" });
    return { text: (await vlm.caption(scene)).text, events };
  }, SCENE);
  expect(text).not.toBe("");
  expect(events.filter(({ type }) => type === "setup-problem")).toEqual([
    {
      type: "setup-problem",
      reason: "no-ranges",
      message: expect.stringContaining("Accept-Ranges") as unknown,
    },
  ]);
});
