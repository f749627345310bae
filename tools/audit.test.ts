import { expect, it } from "vitest";
import { listWeaknesses } from "./audit.ts";

const SHIPPED = new Set(["onnxruntime-web", "comlink"]);

const finding = (name: string) => ({
  name,
  severity: "high",
  range: "<2.0.0",
  via: [{ title: "Reads too far", url: "https://a.example/1" }, "other"],
});

it("lists weaknesses of shipped packages, and no others", () => {
  const report = JSON.stringify({
    vulnerabilities: { "onnxruntime-web": finding("onnxruntime-web"), sharp: finding("sharp") },
  });
  expect(listWeaknesses(report, SHIPPED)).toEqual([
    "onnxruntime-web <2.0.0 (high): Reads too far https://a.example/1; other",
  ]);
  expect(listWeaknesses(JSON.stringify({ vulnerabilities: {} }), SHIPPED)).toEqual([]);
});

it("takes no answer for no weakness", () => {
  expect(listWeaknesses("", SHIPPED)).toBeUndefined();
  expect(
    listWeaknesses('{ "message": "405", "error": { "summary": "" } }', SHIPPED),
  ).toBeUndefined();
});
