/**
 * `npm run start:pwa`: the installable app, built and served as it would be on a site. Its service
 * worker keeps built files; a development server has none to keep.
 */

import { build, preview } from "vite";
import { buildTiny, repositoryPath } from "./run.ts";

const configFile = repositoryPath("examples/pwa/vite.config.ts");

await buildTiny();
await build({ configFile, logLevel: "warn" });
const server = await preview({ configFile, preview: { open: process.stdout.isTTY } });
console.log(
  `The app is at ${server.resolvedUrls?.local[0] ?? "an address that Vite does not know"}`,
);
