#!/usr/bin/env node
// `fastvlm-inspect`: the package's own name leads to its `dist` where it is installed, and to its sources
// under the repository's condition.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { inspectModel, toText } from "@fastvlm-kit/web/inspect";

const HELP = `Says what is in ONNX files, and what @fastvlm-kit/web makes of them on each device. Reads no weights.

  fastvlm-inspect FILE... [options]

  --json             prints a JSON array, one object for each file
  --help
`;

/** What Git keeps in the place of a large file that was not fetched. */
const LFS_POINTER = "version https://git-lfs";

const open = [];
try {
  run();
} catch (error) {
  complain(error);
} finally {
  for (const descriptor of open) closeSync(descriptor);
}

function run() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  if (positionals.length === 0) {
    throw new TypeError("Expected at least one FILE. --help shows all options.");
  }
  const inspections = positionals.map(inspect).filter((one) => one !== undefined);
  if (values.json) process.stdout.write(`${JSON.stringify(inspections, null, 2)}\n`);
  else for (const one of inspections) process.stdout.write(`${toText(one)}\n`);
}

function inspect(path) {
  try {
    const source = openFile(path);
    const start = Buffer.from(source.read(0, Math.min(source.size, LFS_POINTER.length)));
    if (start.toString() === LFS_POINTER) {
      throw new Error(`${path} stands for a file that Git LFS did not fetch. Run "git lfs pull".`);
    }
    return inspectModel(source, path, (location) => openBeside(path, location));
  } catch (error) {
    complain(error);
    return undefined;
  }
}

/** A file of the graph's own folder, or of one in it: a graph is not to choose what else is read. */
function openBeside(path, location) {
  const folder = resolve(dirname(path));
  const beside = resolve(folder, location);
  if (!beside.startsWith(folder) || beside === folder) return undefined;
  try {
    return openFile(beside);
  } catch {
    return undefined; // The inspection says that it is missing.
  }
}

function openFile(path) {
  const descriptor = openSync(path, "r");
  open.push(descriptor);
  const { size, isFile } = stat(descriptor);
  if (!isFile) throw new Error(`${path} is not a file.`);
  return {
    size,
    read(start, end) {
      const bytes = new Uint8Array(end - start);
      let done = 0;
      while (done < bytes.byteLength) {
        const count = readSync(descriptor, bytes, done, bytes.byteLength - done, start + done);
        if (count === 0) throw new Error(`${path} was cut while it was read.`);
        done += count;
      }
      return bytes;
    },
  };
}

function stat(descriptor) {
  const found = fstatSync(descriptor);
  return { size: found.size, isFile: found.isFile() };
}

function complain(error) {
  const reason = error.details?.reason === undefined ? "" : ` (${error.details.reason})`;
  console.error(`fastvlm-inspect: ${error.message}${reason}`.replaceAll(/\s+/g, " "));
  process.exitCode = 1;
}
