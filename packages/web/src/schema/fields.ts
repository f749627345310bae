/**
 * Objects whose fields are known. The schema library's own objects take an array for an object, let `constructor`
 * and `__proto__` pass as known names, and fail with the error of a getter that throws: these name the field.
 */

import {
  array,
  object,
  optional,
  pipe,
  readonly,
  record,
  string,
  transform,
  unknown,
  type GenericSchema,
  type InferOutput,
  type ObjectEntries,
  type OptionalSchema,
} from "valibot";
import { has, snapshot, type Given } from "./snapshot.ts";

type OptionalNames<Entries extends ObjectEntries> = {
  [Name in keyof Entries]: Entries[Name] extends { type: "optional" | "exact_optional" }
    ? Name
    : never;
}[keyof Entries];

/** The object that {@link fields} reads: a field that was not given is not there. */
type Fields<Entries extends ObjectEntries> = {
  readonly [Name in Exclude<keyof Entries, OptionalNames<Entries>>]: InferOutput<Entries[Name]>;
} & {
  readonly [Name in OptionalNames<Entries>]?: Exclude<InferOutput<Entries[Name]>, undefined>;
};

/** A schema of {@link fields}. */
export type FieldsSchema<Entries extends ObjectEntries> = GenericSchema<unknown, Fields<Entries>>;

/** A field that may be left out, or be undefined, which means the same. */
export function maybe<const Schema extends GenericSchema>(
  schema: Schema,
): OptionalSchema<Schema, undefined> {
  return optional(schema);
}

/**
 * An object with these fields.
 *
 * @param others what becomes of fields with other names. Options refuse them, because a misspelt name would
 *   silently mean the default. Data that somebody else may extend loses them.
 */
export function fields<const Entries extends ObjectEntries>(
  entries: Entries,
  others: "refused" | "dropped" = "refused",
): FieldsSchema<Entries> {
  const names = Object.keys(entries);
  const leftOut = `left out (known here: \`${names.join("`, `")}\`)`;
  const taken = snapshot((given) => {
    const stray = others === "refused" && strayNameIn(given, entries);
    if (typeof stray === "string") return { name: stray, allowed: leftOut };
    return names.filter((name) => has(given, name) || entries[name]!.type !== "exact_optional");
  });
  // `entries` without a prototype: the library would take what a script added to all objects for fields.
  const own = Object.assign<object, Entries>(Object.create(null) as object, entries);
  const checked = object(own) as unknown as GenericSchema<Given, Given>;
  return pipe(unknown(), taken, checked, transform(withoutUndefined)) as never;
}

/**
 * An object whose names are data, such as the paths of files.
 *
 * @param allowed what a name may be, in words
 */
export function entriesOf<const Schema extends GenericSchema>(
  isName: (name: string) => boolean,
  allowed: string,
  schema: Schema,
): GenericSchema<unknown, Readonly<Record<string, InferOutput<Schema>>>> {
  const taken = snapshot((given) => {
    const names = Object.keys(given);
    const stray = names.find((name) => !isName(name));
    return stray === undefined ? names : { name: stray, allowed };
  });
  return pipe(unknown(), taken, record(string(), schema));
}

/** A list whose every item is checked. */
export function listOf<const Schema extends GenericSchema>(
  schema: Schema,
  allowed: string,
): GenericSchema<unknown, readonly InferOutput<Schema>[]> {
  return pipe(array(schema, allowed), readonly());
}

function strayNameIn(given: Given, entries: ObjectEntries): string | undefined {
  for (const name in given) if (has(given, name) && !Object.hasOwn(entries, name)) return name;
  return undefined;
}

function withoutUndefined(given: Given): Given {
  if (!Object.values(given).includes(undefined)) return given;
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
