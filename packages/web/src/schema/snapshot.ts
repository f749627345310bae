/** Reads an object of somebody else once, so that what is checked is what is used. */

import { rawTransform, type RawTransformAction } from "valibot";
import { isObject } from "./is-object.ts";

/** An object whose fields may be anything. */
export type Given = Readonly<Record<string, unknown>>;

/** Why an object cannot be taken: one of its fields, or all of it where `name` is undefined. */
export interface Refusal {
  readonly name: string | undefined;
  /** What may stand there, in words. */
  readonly allowed: string;
}

/**
 * A plain copy of an object's fields.
 *
 * @param choose the names of the fields to take, or the name that must not be there
 */
export function snapshot(
  choose: (given: Given) => readonly string[] | Refusal,
): RawTransformAction<unknown, Given> {
  return rawTransform(({ dataset, addIssue, NEVER }) => {
    const refuse = ({ name, allowed }: Refusal, input: unknown): never => {
      const item = { type: "object", origin: "value", input: {}, value: input } as const;
      const path = name === undefined ? {} : { path: [{ ...item, key: name }] as [never] };
      addIssue({ message: allowed, input, ...path });
      return NEVER;
    };
    const given = dataset.value;
    let name: string | undefined;
    // A getter or a proxy is the app's own code, and may throw.
    try {
      if (!isObject(given)) return refuse({ name, allowed: "an object" }, given);
      const chosen = choose(given);
      if ("allowed" in chosen) {
        name = chosen.name;
        return refuse(chosen, given[name!]);
      }
      const seen: Record<string, unknown> = {};
      for (name of chosen) seen[name] = has(given, name) ? given[name] : undefined;
      return seen;
    } catch (error) {
      return refuse({ name, allowed: "readable" }, error);
    }
  });
}

/** Whether the object has the field, itself or from a class of the app. What every object has does not count. */
export function has(given: Given, name: string): boolean {
  return Object.hasOwn(given, name) || (name in given && !(name in Object.prototype));
}
