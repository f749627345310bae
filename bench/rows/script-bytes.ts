/** What a page has to load before any model: scripts and WebAssembly, by what the server sent. */

import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { gzipSync } from "node:zlib";
import { noSamples, type EngineName, type Row } from "../row.ts";
import type { BenchServer } from "../server.ts";

/** Files that one engine's page asked for while it loaded, without what the browser had cached. */
export type SentFiles = Readonly<Record<EngineName, BenchServer["sent"]>>;

export function measureScriptBytes(sent: SentFiles): Row[] {
  const [script, scriptZipped, wasm, wasmZipped] = [
    noSamples(),
    noSamples(),
    noSamples(),
    noSamples(),
  ];
  for (const name of ["kit", "transformers"] as const) {
    const paths = [...new Set(sent[name].map(({ path }) => path))];
    const of = (endings: readonly string[]): Buffer[] =>
      paths.filter((path) => endings.includes(extname(path))).map((path) => readFileSync(path));
    const scripts = of([".js", ".mjs"]);
    const modules = of([".wasm"]);
    script[name].push(sum(scripts.map(({ length }) => length)) / 1e3);
    scriptZipped[name].push(sum(scripts.map((bytes) => gzipSync(bytes).length)) / 1e3);
    wasm[name].push(sum(modules.map(({ length }) => length)) / 1e3);
    wasmZipped[name].push(sum(modules.map((bytes) => gzipSync(bytes).length)) / 1e3);
  }
  const common = { group: "What page and worker load", unit: "kB", better: "lower" } as const;
  return [
    { id: "script", title: "scripts", ...common, ...script },
    { id: "script/gzip", title: "– with gzip", ...common, ...scriptZipped },
    { id: "wasm", title: "WebAssembly", ...common, ...wasm },
    { id: "wasm/gzip", title: "– with gzip", ...common, ...wasmZipped },
  ];
}

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);
