/**
 * `npm run caption`: the same SDK in headless Chromium, for terminals and scripts. A file that the
 * SDK refuses is reported, and the others still run.
 */

import { HELP, readArguments, UsageError } from "./arguments.ts";

try {
  const args = readArguments(process.argv.slice(2));
  if (args.help) {
    console.log(HELP);
  } else {
    // Only now: browser and bundler take a second to load.
    const { captionFiles } = await import("./caption-files.ts");
    process.exitCode = (await captionFiles(args)) ? 0 : 1;
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
