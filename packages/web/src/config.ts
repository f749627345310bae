/**
 * A configuration as one object that JSON can hold, checked as a whole, and the options that follow from it.
 *
 * @module
 */

export { defineConfig, parseConfig } from "./config/parse-config.ts";
export { toCallOptions, toLibraryOptions, toVlmOptions } from "./config/to-options.ts";
export type { ConfiguredCall, ConfiguredOptions, VlmConfig } from "./config/vlm-config.ts";
