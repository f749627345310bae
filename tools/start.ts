/** `npm start`: the demo, straight from the packages' sources. */

import { createServer } from "vite";
import { buildTiny, repositoryPath } from "./run.ts";

await buildTiny();
const server = await createServer({
  configFile: repositoryPath("vite.config.ts"),
  logLevel: "warn",
  server: { open: process.stdout.isTTY },
});
await server.listen();
console.log(
  `The demo is at ${server.resolvedUrls?.local[0] ?? "an address that Vite does not know"}`,
);
