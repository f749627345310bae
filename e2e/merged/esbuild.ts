/** The page as esbuild builds it, which knows no workers: theirs is a bundle of its own beside it. */

import { caption } from "./caption.ts";

caption(() => new Worker(new URL("./vlm.worker.js", import.meta.url), { type: "module" }));
