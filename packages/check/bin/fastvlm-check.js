#!/usr/bin/env node
// `fastvlm-check`: the checklist for production. `--help` shows its options and exit codes.

import { runCommand } from "@fastvlm-kit/check";

try {
  process.exitCode = await runCommand(process.argv.slice(2));
} catch (error) {
  console.error(`fastvlm-check: ${error.message}`);
  process.exitCode = 3;
}
