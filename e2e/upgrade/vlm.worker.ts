import { startWorker } from "@fastvlm-kit/web/worker";

// Under names without a hash, so that a build that is kept without these files finds them later.
startWorker({ runtimeFiles: "/onnxruntime/" });
