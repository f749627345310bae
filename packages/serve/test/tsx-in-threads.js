// Lets Node run the sources, also in threads: `tsx` itself registers in the main thread only. Use it as `--import`.

import { register } from "tsx/esm/api";

register();
