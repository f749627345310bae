#!/usr/bin/env node
// `fastvlm-serve`: an OpenAI-compatible server on the kit's engine. `--help` shows its options.

import { runCommand } from "@fastvlm-kit/serve";

try {
  await runCommand(process.argv.slice(2));
  // Threads and idle connections would keep the process.
  process.exit(0);
} catch (error) {
  console.error(`fastvlm-serve: ${error.message}`);
  process.exit(1);
}
