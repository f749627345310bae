/** The worker with one part of the platform broken, by the name that the test gives it. */

import { startWorker } from "@fastvlm-kit/web/worker";

const faults: Record<string, () => void> = {
  "no-indexeddb": () => {
    Object.defineProperty(self, "indexedDB", { value: undefined });
  },
  "broken-indexeddb": () => {
    indexedDB.open = () => {
      throw new DOMException("The user denied permission", "SecurityError");
    };
  },
  // A driver that computes nonsense: finite, and wrong.
  "wrong-gpu": () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
    const write = GPUQueue.prototype.writeBuffer;
    GPUQueue.prototype.writeBuffer = function (
      ...[buffer, offset, data, ...rest]: Parameters<GPUQueue["writeBuffer"]>
    ) {
      const bytes = ArrayBuffer.isView(data)
        ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
        : new Uint8Array(data).slice();
      if (bytes.byteLength > 100_000) bytes.fill(0);
      write.call(this, buffer, offset, ArrayBuffer.isView(data) ? bytes : bytes.buffer, ...rest);
    };
  },
};

faults[self.name]?.();
startWorker();
