/** What a page, or whoever got hold of its port, may send to the worker: over a real channel and the real Comlink. */

import { transfer, wrap, type Remote } from "comlink";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeCall } from "../../test/results.ts";
import { toDownloadPolicy, toStorageOptions } from "../client/storage-settings.ts";
import { smolVlm } from "../catalog/smolvlm.ts";
import { DEFAULT_IMAGE_LIMITS } from "../image/limits.ts";
import { WORKER_REQUESTS } from "../schema/requests.ts";
import { readModel } from "../families/read-model.ts";
import type { LoadRequest, WorkerApi, WorkerMessage } from "../wire/worker-api.ts";
import { createGuardedEndpoint } from "./guarded-endpoint.ts";
import { serveMethods } from "./serve-methods.ts";

const storage = toStorageOptions({ storage: "memory" });
const ports: MessagePort[] = [];

beforeEach(() => {
  vi.stubGlobal("navigator", {}); // Neither locks nor an estimate, as on pages without https.
});

afterEach(() => {
  vi.unstubAllGlobals();
  for (const port of ports.splice(0)) port.close();
});

function channel(): MessageChannel {
  const made = new MessageChannel();
  ports.push(made.port1, made.port2);
  return made;
}

interface Served {
  readonly worker: Remote<WorkerApi>;
  /** Sends anything, and resolves to the answer to the message's id. */
  readonly ask: (message: unknown) => Promise<unknown>;
  /** Sends anything that has no answer. */
  readonly post: (message: unknown) => void;
  readonly connect: () => Promise<void>;
  readonly refusals: unknown[];
}

function serveOverChannel(): Served {
  const { port1: page, port2 } = channel();
  serveMethods([], port2);
  page.start();
  const refusals: unknown[] = [];
  const worker = wrap<WorkerApi>(page);
  return {
    worker,
    refusals,
    post: (message) => {
      page.postMessage(message);
    },
    ask: (message) =>
      new Promise((resolve) => {
        const listener = ({ data }: MessageEvent<{ id: unknown }>): void => {
          if (data.id !== (message as { id: unknown }).id) return;
          page.removeEventListener("message", listener);
          resolve(data);
        };
        page.addEventListener("message", listener);
        page.postMessage(message);
      }),
    connect: async () => {
      const { port1, port2: theirs } = channel();
      port1.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
        if (data.type === "metric" && data.metric.name === "vlm.messages.refused") {
          refusals.push(data.metric.attributes["vlm.reason"]);
        }
      };
      expect(await worker.connect("lock", transfer(theirs, [theirs]))).toMatchObject({ ok: true });
    },
  };
}

const raw = (value: unknown) => ({ type: "RAW", value });
const thrown = { type: "HANDLER", name: "throw", value: { isError: true } };

const REFUSED: readonly (readonly [string, object, string])[] = [
  ["a read", { type: "GET", path: ["load"] }, "form"],
  ["a change", { type: "SET", path: ["load"], value: raw(1) }, "form"],
  ["a change of all objects", { type: "SET", path: ["__proto__", "x"], value: raw(1) }, "form"],
  ["a constructor", { type: "CONSTRUCT", path: ["load"], argumentList: [] }, "form"],
  ["a new port", { type: "ENDPOINT" }, "form"],
  ["an end", { type: "RELEASE" }, "form"],
  ["a path", { type: "APPLY", path: ["load", "constructor"], argumentList: [] }, "form"],
  ["no path", { type: "APPLY", path: [], argumentList: [] }, "form"],
  ["an unknown method", { type: "APPLY", path: ["eval"], argumentList: [raw("1")] }, "method"],
  ["what objects inherit", { type: "APPLY", path: ["toString"], argumentList: [] }, "method"],
  ["__proto__", { type: "APPLY", path: ["__proto__"], argumentList: [] }, "method"],
  ["a name that is a list", { type: "APPLY", path: [["load"]], argumentList: [] }, "method"],
  ["a handler", call("cancel", { type: "HANDLER", name: "proxy", value: 1 }), "form"],
  ["no arguments", { type: "APPLY", path: ["cancel"] }, "form"],
  ["an id that is none", call("cancel", raw("1")), "arguments"],
  ["one argument too many", call("cancel", raw(1), raw(2)), "arguments"],
  ["a missing argument", call("cancel"), "arguments"],
  ["an object in place of a port", call("connect", raw("lock"), raw({})), "arguments"],
  ["a request with more in it", call("listModels", raw({ storage, more: 1 })), "arguments"],
  ["a word that deletes", call("clearCache", raw({ storage }), raw("everything")), "arguments"],
];

function call(name: string, ...argumentList: readonly unknown[]): object {
  return { type: "APPLY", path: [name], argumentList };
}

it("answers every message that calls no method with an error, counts it, and goes on", async () => {
  const { ask, connect, refusals, worker } = serveOverChannel();
  await connect();
  for (const [what, message, reason] of REFUSED) {
    expect(await ask({ id: what, ...message }), what).toMatchObject({ id: what, ...thrown });
    expect(refusals.at(-1), what).toBe(reason);
  }
  expect(Object.hasOwn(Object.prototype, "x")).toBe(false);
  expect(await worker.listModels({ storage })).toEqual({ ok: true, value: [] });
});

it("takes own fields named __proto__ for what they are", async () => {
  const { ask, connect, refusals, worker } = serveOverChannel();
  await connect();
  const withProto = JSON.parse(
    `{"id": "1", "__proto__": {}, "type": "APPLY", "path": ["cancel"], "argumentList": [{"type": "RAW", "value": 1}]}`,
  ) as object;
  const inRequest = JSON.parse(`{"__proto__": {"storage": 1}}`) as object;
  expect(await ask(withProto)).toMatchObject(thrown);
  const request = call(
    "listModels",
    raw(Object.defineProperties({ storage }, Object.getOwnPropertyDescriptors(inRequest))),
  );
  expect(await ask({ id: "2", ...request })).toMatchObject(thrown);
  expect(refusals).toEqual(["form", "arguments"]);
  expect(await worker.listModels({ storage })).toEqual({ ok: true, value: [] });
});

it("reports what was refused before the page connected", async () => {
  const { post, connect, refusals, ask } = serveOverChannel();
  for (const message of [undefined, null, 0, "text", [], new Map(), { id: 5 }]) post(message);
  await ask({ id: "last" });
  expect(refusals).toEqual([]);
  await connect();
  await vi.waitFor(() => {
    expect(refusals).toEqual(new Array(8).fill("form"));
  });
});

it("passes nothing on of a thousand messages that are nearly calls", () => {
  const { port2 } = channel();
  const passed: unknown[] = [];
  const listeners: ((event: Event) => void)[] = [];
  const endpoint = createGuardedEndpoint(
    {
      postMessage: (message) => structuredClone<unknown>(message),
      addEventListener: (_, listener) => listeners.push(listener),
    },
    () => undefined,
  );
  endpoint.addEventListener("message", (event: Event) =>
    passed.push((event as MessageEvent<unknown>).data),
  );
  const anything = fc.oneof(fc.anything(), fc.constant(storage), fc.constant({ storage }));
  const name = fc.oneof(fc.constantFrom(...Object.keys(WORKER_REQUESTS)), fc.string());
  const message = fc.record(
    {
      id: fc.oneof(fc.string(), anything),
      type: fc.oneof(fc.constantFrom("APPLY", "GET", "SET", "ENDPOINT"), anything),
      path: fc.oneof(fc.array(name, { maxLength: 2 }), anything),
      argumentList: fc.oneof(fc.array(anything.map(raw), { maxLength: 3 }), anything),
      value: anything,
    },
    { requiredKeys: [] },
  );
  const harmless = ["cancel", "pauseDownloads", "listModels", "storageUsage", "deleteModel"];
  fc.assert(
    fc.property(message, (data) => {
      passed.length = 0;
      for (const listener of listeners) listener(new MessageEvent("message", { data }));
      // What passes is a whole call whose few arguments can be right by chance.
      for (const one of passed as { path: readonly string[] }[]) {
        expect(Object.keys(one)).toEqual(["id", "type", "path", "argumentList"]);
        expect(harmless).toContain(one.path[0]);
      }
    }),
    { numRuns: 1000 },
  );
  port2.close();
});

it("takes the requests that the page makes", async () => {
  const { ask } = serveOverChannel();
  const model = readModel(smolVlm());
  const load: LoadRequest = {
    model,
    variant: model.variants[0]!,
    storage,
    download: toDownloadPolicy(),
    network: "any",
    asksAnew: false,
    imageLimits: { ...DEFAULT_IMAGE_LIMITS, maxPixels: Infinity },
    optimize: "auto",
    wasmThreads: 0,
  };
  // There is no engine here, and the model's files are asked for nowhere.
  expect(await ask({ id: "load", ...call("load", raw(load)) })).toMatchObject({
    type: "RAW",
    value: { ok: false, error: { code: "no-device" } },
  });
  const { port1, port2 } = channel();
  const { worker } = serveOverChannel();
  const outcome = new Promise((resolve) => {
    port1.onmessage = ({ data }) => {
      if ((data as { type: string }).type === "failed") resolve(data);
    };
  });
  await worker.generate(makeCall(), transfer(port2, [port2]), 0);
  expect(await outcome).toMatchObject({
    error: { message: expect.stringContaining("load") as string },
  });
});
