/** Checks a configuration as a whole: all that is wrong is said at once. */

import { vlmConfig } from "../schema/config.ts";
import { isObject } from "../schema/is-object.ts";
import { readOrFaults } from "../schema/read.ts";
import type { VlmConfig } from "./vlm-config.ts";

/** More than that tell a reader nothing new. */
const MOST_FAULTS = 20;

/**
 * A configuration that is written in code: the compiler knows its fields, and it is checked as `parseConfig` does.
 *
 * @returns the same configuration, copied
 * @throws {TypeError} as `parseConfig` does
 */
export function defineConfig(config: VlmConfig): VlmConfig {
  return readConfig(config);
}

/**
 * A configuration from a file, a server or a user's settings.
 *
 * @param given JSON, or what `JSON.parse` made of it
 * @throws {TypeError} that names every field that is wrong or unknown by its path, such as `inference.device`, with what
 *   may stand there and what was given. Of more than 20 faults it names 20.
 * @throws {SyntaxError} when a text is not JSON
 */
export function parseConfig(given: unknown): VlmConfig {
  return readConfig(typeof given === "string" ? JSON.parse(given) : given);
}

/** Reads again without what was wrong, because a fault may hide others, until nothing new is found. */
function readConfig(given: unknown): VlmConfig {
  const sentences = new Map<string, string>();
  for (let rest = given; ;) {
    const found = readOrFaults(vlmConfig, rest, "config");
    if ("output" in found && sentences.size === 0) return found.output;
    const faults = "faults" in found ? found.faults : [];
    // A field that has to be there is missed after it was taken away.
    const fresh = faults.filter(({ path }) => !sentences.has(path.join(".")));
    if (fresh.length === 0 || sentences.size >= MOST_FAULTS) break;
    for (const { path, sentence } of fresh) {
      sentences.set(path.join("."), sentence);
      rest = without(rest, path);
    }
  }
  const shown = [...sentences.values()].slice(0, MOST_FAULTS);
  throw new TypeError(shown.map((sentence) => `${sentence}.`).join("\n"));
}

/** A copy without one field. Nothing is read of the fields beside it, since a getter may throw. */
function without(given: unknown, [name, ...inner]: readonly string[]): unknown {
  if (name === undefined || !isObject(given)) return given;
  const fields = Object.getOwnPropertyDescriptors(given);
  Reflect.deleteProperty(fields, name);
  const copy: object = Object.create(Object.prototype, fields) as object;
  if (inner.length === 0) return copy;
  const value = without(given[name], inner);
  return Object.defineProperty(copy, name, { value, enumerable: true, configurable: true });
}
