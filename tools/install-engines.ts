/** For a machine that tests: Firefox and WebKit beside the Chromium that `npm test` finds or installs itself. */

import { installEngines, reportEngines } from "./engines.ts";

installEngines();
reportEngines(console.log);
