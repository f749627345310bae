/** The page as Vite builds it: its own worker format, a classic script of one file. */

import { caption } from "./caption.ts";

caption(() => new Worker(new URL("./vlm.worker.ts", import.meta.url), { type: "module" }));
