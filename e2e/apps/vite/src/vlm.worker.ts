import { startWorker } from "@fastvlm-kit/web/worker";

startWorker();
