/**
 * Checks a deployed app on the kit: what its host sends, and what a browser makes of it.
 *
 * @module
 */

export { judge } from "./checks/index.ts";
export { runCommand } from "./command.ts";
export { observe } from "./observe/observe.ts";
export type { ObserveOptions } from "./observe/observe.ts";
export { openBrowser } from "./observe/open-browser.ts";
export type { Finding, Level } from "./finding.ts";
export type {
  Answer,
  FileKind,
  KitState,
  Observation,
  ObservedFile,
  OfflineState,
  PageState,
  Problem,
} from "./observation.ts";
