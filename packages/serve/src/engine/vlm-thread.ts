/** The script of a thread that runs a model. */

import "./worker-scope.ts";
import { parentPort, workerData } from "node:worker_threads";
import { serveHost, type PagePort } from "@fastvlm-kit/web/host";
import { createDiskStores, type DiskPlace } from "../disk/open-disk-stores.ts";
import { createSharpDecoder } from "./sharp-decoder.ts";

if (!parentPort) throw new Error("This script has to be started as a thread.");
// Node's port has the methods of the web's, and other declarations.
serveHost({
  port: parentPort as unknown as PagePort,
  decoder: createSharpDecoder(),
  openStores: createDiskStores(workerData as DiskPlace),
});
