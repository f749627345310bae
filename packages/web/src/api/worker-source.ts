/**
 * What starts the worker: a function that creates the app's own worker, whose file calls `startWorker()`, or the address of
 * a prebuilt one, such as `worker.bundle.js` of this package. An address may be of another origin, which then has to allow
 * it with CORS. The kit starts a worker again whenever it needs a fresh one.
 */
export type WorkerSource = (() => Worker) | string | URL;
