#!/usr/bin/env node
// `fastvlm-pin`, and `npm run pin` in the repository: the package's own name leads to its `dist` where
// it is installed, and to its sources under the repository's condition.

/* global AbortSignal */

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { pinModel } from "@fastvlm-kit/web";

const HELP = `Writes down what a model's files are at one commit of the Hugging Face Hub, as JSON for smolVlm({ pins })
or fastvlm05b({ pins }).

  fastvlm-pin OWNER/NAME [REVISION] [options]

  REVISION           a branch, tag or commit; default main
  --out FILE         writes the JSON there instead of to stdout
  --endpoint URL     the hub's address; default https://huggingface.co
  --files A,B        paths in the repository; default: what smolVlm() or fastvlm05b() lists
  --help
`;

const TIMEOUT_MS = 5 * 60_000;

try {
  await run();
} catch (error) {
  console.error(`fastvlm-pin: ${toLine(error)}`);
  process.exitCode = 1;
}

async function run() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: "string" },
      endpoint: { type: "string" },
      files: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const [repository, revision, ...rest] = positionals;
  if (repository === undefined || rest.length > 0) {
    throw new TypeError("Expected OWNER/NAME and at most one REVISION. --help shows all options.");
  }
  const { endpoint, files, out } = values;
  const pins = await pinModel(repository, revision, {
    ...(endpoint !== undefined && { endpoint }),
    ...(files !== undefined && { files: files.split(",") }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const json = `${JSON.stringify(pins, null, 2)}\n`;
  if (out === undefined) process.stdout.write(json);
  else writeFileSync(out, json);
}

/** The message, and the innermost cause's: Node's `fetch` says only there what was wrong. */
function toLine(error) {
  let inner = error;
  while (inner.cause instanceof Error) inner = inner.cause;
  const reason = inner === error ? "" : ` (${inner.message || inner.code})`;
  return `${error.message}${reason}`.replaceAll(/\s+/g, " ");
}
