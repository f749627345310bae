import { describe, expect, expectTypeOf, it } from "vitest";
import { defineConfig, parseConfig } from "./parse-config.ts";
import type { VlmConfig } from "./vlm-config.ts";
import { FULL_CONFIG as full } from "./fixtures/full-config.ts";
import type { vlmConfig } from "../schema/config.ts";
import type { InferOutput } from "valibot";

/** What the error says of each fault, one a line. */
function faultsOf(given: unknown): readonly string[] {
  try {
    parseConfig(given);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as TypeError).message.split("\n");
  }
  throw new Error("The configuration was taken.");
}

describe("a configuration that is taken", () => {
  it("is the same after a way through JSON", () => {
    expect(parseConfig(JSON.stringify(full))).toEqual(full);
    expect(defineConfig(full)).toEqual(full);
  });

  it("may say nothing", () => {
    expect(parseConfig("{}")).toEqual({});
  });

  it("is a copy: later changes of what was given do not reach it", () => {
    const given = { calls: { timeoutMs: 1000 } };
    const config = defineConfig(given);
    given.calls.timeoutMs = 1;
    expect(config).toEqual({ calls: { timeoutMs: 1000 } });
  });

  it("has the fields that its interface documents", () => {
    expectTypeOf<InferOutput<typeof vlmConfig>>().toExtend<VlmConfig>();
    expectTypeOf<VlmConfig>().toExtend<InferOutput<typeof vlmConfig>>();
  });

  it("leaves `monitoring` to the package for operators", () => {
    const monitoring = { anything: Infinity, inside: [Infinity] };
    expect(parseConfig({ monitoring })).toEqual({ monitoring });
  });
});

describe("a configuration that is refused", () => {
  it("has every wrong and every unknown field named by its path", () => {
    const faults = faultsOf({
      inference: { device: "cpu", threads: 4, rateLimit: { calls: 0 }, wasmThreads: -1 },
      calls: { timeout_seconds: 30, temprature: 1, topP: 2 },
      scaling: {},
      network: "None",
    });
    const paths = faults.map((fault) => /^Expected `([^`]+)` to be .+\.$/.exec(fault)?.[1]);
    expect(paths.toSorted()).toEqual([
      "calls.temprature",
      "calls.timeout_seconds",
      "calls.topP",
      "inference.device",
      "inference.rateLimit.calls",
      "inference.rateLimit.perMs",
      "inference.threads",
      "inference.wasmThreads",
      "network",
      "scaling",
    ]);
  });

  it("has what is allowed and what was given in its error", () => {
    expect(faultsOf({ inference: { device: "cpu" } })).toEqual([
      'Expected `inference.device` to be "auto", "webgpu" or "wasm", got "cpu".',
    ]);
    expect(faultsOf("[]")).toEqual(["Expected `config` to be an object, got []."]);
  });

  it.each([
    ["images.maxPixels", { images: { maxPixels: Infinity } }],
    ["calls.detail", { calls: { detail: NaN } }],
  ])("has a number that JSON cannot hold: %s", (path, given) => {
    const [fault] = faultsOf(given);
    expect(fault).toContain(`Expected \`${path}\` to be a number that JSON can hold, got`);
  });

  it.each([
    [
      "one is found after the other",
      Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`field${String(index)}`, 1])),
    ],
    [
      "all are found at once",
      Object.fromEntries(
        (["inference", "calls", "images", "cache", "download"] as const).map((section) => [
          section,
          Object.fromEntries(Object.keys(full[section]).map((name) => [name, Symbol("wrong")])),
        ]),
      ),
    ],
  ])("ends the list after 20 faults where %s", (_, given) => {
    expect(faultsOf(given)).toHaveLength(20);
  });

  it("may have a getter that throws", () => {
    const given = {
      get cache(): never {
        throw new Error("broken");
      },
      network: "None",
    };
    expect(faultsOf(given)).toHaveLength(2);
  });

  it.each(["__proto__", "constructor"])("names %s of JSON as any other name", (name) => {
    expect(faultsOf(`{"${name}": {"debug": true}}`)[0]).toContain(
      `Expected \`${name}\` to be left`,
    );
  });

  it("is no JSON", () => {
    expect(() => parseConfig("{")).toThrow(SyntaxError);
  });
});
