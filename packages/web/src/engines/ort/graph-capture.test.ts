import { expect, it } from "vitest";
import { captureOptions, capturing } from "./graph-capture.ts";

const DATA = [{ path: "weights", data: new Uint8Array(1) }];

it("asks for captures until the external data is read, as ORT passes options on", () => {
  const options = capturing({ executionProviders: ["webgpu"], externalData: DATA });
  expect(options.executionProviders).toEqual(["webgpu"]);
  expect([options.enableGraphCapture, options.enableGraphCapture]).toEqual([true, true]);
  expect(options.externalData).toBe(DATA);
  expect(options.enableGraphCapture).toBe(false);
});

it("asks for none in a copy of the options, which would have one answer for both", () => {
  expect({ ...capturing({ externalData: DATA }) }).toMatchObject({
    externalData: DATA,
    enableGraphCapture: false,
  });
});

it("names the capture as ORT's run options do", () => {
  expect(captureOptions(3)).toEqual({ extra: { gpu_graph_id: "3" } });
});
