/** Writes an inspection as lines of text, to read and to paste into a report. */

import type { RewriteReport } from "./rewrite-report.ts";
import type { InspectedValue, ModelInspection } from "./inspect-model.ts";

export function toText(inspection: ModelInspection): string {
  const { file, bytes, irVersion, producer, opsets, graph, devices, unknown } = inspection;
  const sets = opsets.map(({ domain, version }) => `${domain} ${String(version)}`).join(", ");
  return [
    `${file}: ${megabytes(bytes)}`,
    `  written by ${producer || "?"}, IR ${String(irVersion ?? "?")}, opset ${sets || "?"}`,
    `  graph: ${graph}`,
    "  inputs",
    ...inspection.inputs.map(valueLine),
    "  outputs",
    ...inspection.outputs.map(valueLine),
    "  nodes",
    `    ${inspection.operators.map(({ operator, count }) => `${operator} ${String(count)}`).join(", ")}`,
    "  tensors",
    ...inspection.tensors.map(
      ({ type, usedBy, count, bytes: size }) =>
        `    ${type} for ${usedBy}: ${String(count)}, ${megabytes(size)}`,
    ),
    ...(inspection.saidToBeHere > 0
      ? [`    ${String(inspection.saidToBeHere)} of them say that they are in this file`]
      : []),
    ...inspection.externalData.map(
      ({ location, tensors, isThere }) =>
        `  ${String(tensors)} tensors are in ${location}, which is ${isThere ? "there" : "missing"}`,
    ),
    ...Object.entries(devices).flatMap(([device, rewrites]) =>
      rewrites.length === 0 ? [] : [`  on ${device}`, ...rewrites.flatMap(rewriteLines)],
    ),
    ...(inspection.imageSize === undefined ? [] : [`  sizes of images: ${inspection.imageSize}`]),
    ...(inspection.int8Layers === undefined
      ? []
      : [`  layers that WASM would run in int8: ${String(inspection.int8Layers)}`]),
    ...(inspection.canBeCaptured === undefined
      ? []
      : [
          `  steps can be captured where the GPU has subgroups: ${inspection.canBeCaptured ? "yes" : "no"}`,
        ]),
    ...(unknown.length > 0 ? ["  not known", ...unknown.map((one) => `    ${one}`)] : []),
  ].join("\n");
}

function valueLine({ name, type, shape }: InspectedValue): string {
  return `    ${name}: ${type} [${shape.join(", ")}]`;
}

function rewriteLines({ name, applied, missed }: RewriteReport): string[] {
  return [
    `    ${name}: ${String(applied)}`,
    ...missed.map((reason) => `      not made: ${reason}`),
  ];
}

function megabytes(bytes: number): string {
  return bytes < 100_000 ? `${String(bytes)} bytes` : `${(bytes / 1e6).toFixed(1)} MB`;
}
