import { startWorker } from "../src/worker-wasm.ts";

startWorker();
