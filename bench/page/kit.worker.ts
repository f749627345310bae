import "./count-gpu.ts";
import { startWorker } from "@fastvlm-kit/web/worker";

startWorker();
