import { startWorker } from "@fastvlm-kit/web/worker-wasm";

startWorker();
