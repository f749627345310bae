import { startWorker } from "../src/worker-webgpu.ts";

startWorker();
