/** The worker with one part of the platform broken, by the name that the test gives it. */

import { startWorker } from "@fastvlm-kit/web/worker";
import { answerGpuCounts } from "./gpu-count.ts";
import { claimWideSubgroups } from "./wide-subgroups.ts";

/** Breaks the workers that onnxruntime starts, and tells the page of each; those that the kit starts work. */
function breakThreads(script: () => string): void {
  const told = new BroadcastChannel("broken-threads");
  self.Worker = new Proxy(Worker, {
    construct(Plain, [url, options]: [string | URL, WorkerOptions?], target) {
      const isThread = options?.name?.startsWith("em-pthread") === true;
      if (isThread) told.postMessage("made");
      return Reflect.construct(Plain, [isThread ? script() : url, options], target) as Worker;
    },
  });
}

function standStill(): never {
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

const faults: Record<string, () => void> = {
  "no-indexeddb": () => {
    Object.defineProperty(self, "indexedDB", { value: undefined });
  },
  "broken-indexeddb": () => {
    indexedDB.open = () => {
      throw new DOMException("The user denied permission", "SecurityError");
    };
  },
  "no-private-files": () => {
    Reflect.deleteProperty(self, "FileSystemSyncAccessHandle");
  },
  // Of all workers in workers, onnxruntime's threads alone.
  "no-verifier": () => {
    const Plain = Worker;
    self.Worker = class extends Plain {
      constructor(url: string | URL, options?: WorkerOptions) {
        if (options?.name?.startsWith("fastvlm-kit") === true) throw new DOMException("Not here");
        super(url, options);
      }
    };
  },
  // onnxruntime's threads run nothing, and so never answer.
  "stuck-threads": () => {
    const silent = URL.createObjectURL(new Blob([""], { type: "text/javascript" }));
    breakThreads(() => silent);
  },
  // The browser does not come back from making one, as Firefox at times while it is being debugged.
  "unmade-threads": () => {
    breakThreads(standStill);
  },
  // As where a policy of the page forbids their script.
  "refused-threads": () => {
    breakThreads(() => "/no-such-thread.js");
  },
  "no-locks": () => {
    Reflect.deleteProperty(Object.getPrototypeOf(navigator) as object, "locks");
  },
  // Loading never gets beyond the model's files.
  "stuck-wasm": () => {
    const never = () => new Promise<never>(() => undefined);
    Object.assign(WebAssembly, { instantiate: never, instantiateStreaming: never });
  },
  // It says that it encodes an image, and gets no further.
  "stuck-encoder": () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
    const { postMessage } = MessagePort.prototype;
    MessagePort.prototype.postMessage = function (message: unknown, ...rest: [never]) {
      postMessage.call(this, message, ...rest);
      if ((message as { stage?: string } | undefined)?.stage !== "vision") return;
      standStill();
    };
  },
  // It works, and says on a channel which features it stores: those of each tile that it encodes.
  "announced-features": () => {
    const channel = new BroadcastChannel("features");
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
    const { put } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.put = function (value: unknown, key?: IDBValidKey) {
      if (typeof key === "string" && key.startsWith("features|")) channel.postMessage(key);
      return put.call(this, value, key);
    };
  },
  // Another decoder than the one whose headers the kit reads: every picture is a larger one.
  "large-bitmaps": () => {
    const decode = createImageBitmap;
    self.createImageBitmap = () => decode(new ImageData(900, 900));
  },
  // As before `Range` was a simple header: a header of its own makes every such request ask for leave.
  "preflighted-ranges": () => {
    const plain = self.fetch.bind(self);
    self.fetch = (input, init) => {
      const headers = new Headers(init?.headers);
      if (headers.has("Range")) headers.set("X-Range", "old browser");
      return plain(input, { ...init, headers });
    };
  },
  "wide-subgroups": claimWideSubgroups,
  "counted-gpu": answerGpuCounts,
  // Steps are captured, and a replay computes nothing: bind groups work once.
  "dead-replays": () => {
    claimWideSubgroups();
    const used = new WeakSet<GPUBindGroup>();
    const idle = new WeakSet<GPUComputePassEncoder>();
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
    const { setBindGroup, dispatchWorkgroups } = GPUComputePassEncoder.prototype;
    GPUComputePassEncoder.prototype.setBindGroup = function (
      this: GPUComputePassEncoder,
      ...args: [number, GPUBindGroup, ...unknown[]]
    ) {
      const [, group] = args;
      if (used.has(group)) idle.add(this);
      else idle.delete(this);
      used.add(group);
      setBindGroup.apply(this, args as never);
    } as typeof setBindGroup;
    GPUComputePassEncoder.prototype.dispatchWorkgroups = function (...counts) {
      if (!idle.has(this)) dispatchWorkgroups.apply(this, counts);
    };
  },
  "no-jspi": () => {
    Reflect.deleteProperty(WebAssembly, "Suspending");
  },
  // A driver that computes nonsense: finite, and wrong. What is read back comes in reverse.
  "wrong-gpu": () => {
    const read = new WeakSet<GPUBuffer>();
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
    const { mapAsync, getMappedRange } = GPUBuffer.prototype;
    GPUBuffer.prototype.mapAsync = function (mode, ...range) {
      if (mode === GPUMapMode.READ) read.add(this);
      return mapAsync.call(this, mode, ...range);
    };
    GPUBuffer.prototype.getMappedRange = function (...range) {
      const bytes = getMappedRange.call(this, ...range);
      if (read.has(this)) new Float32Array(bytes).reverse();
      return bytes;
    };
  },
};

faults[self.name]?.();
startWorker();
