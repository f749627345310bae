/** When a tab made calls, as it stored it for the other tabs of the origin. */

import { fields, listOf } from "./fields.ts";
import { numberFrom } from "./values.ts";

const time = numberFrom(0, Number.MAX_SAFE_INTEGER);

/** In milliseconds since the epoch. Nothing counts after `until`. */
export const callTimes = fields({ times: listOf(time, "times"), until: time }, "dropped");
