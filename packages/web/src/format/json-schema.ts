/**
 * JSON schemas as regular expressions. What is not understood is refused, because an answer that breaks a rule of the schema
 * would not be valid. Objects have their properties in the schema's order.
 */

import { WrongArgument } from "../protocol/wrong-argument.ts";
import type { JsonSchema } from "../protocol/options.ts";

const STRING_CHARACTER = String.raw`(?:[^"\\\u0000-\u001F]|\\(?:["\\\/bfnrt]|u[0-9a-fA-F]{4}))`;
const INTEGER = String.raw`-?(?:0|[1-9]\d{0,14})`;
const NUMBER = String.raw`${INTEGER}(?:\.\d{1,15})?(?:[eE][+\-]?\d{1,2})?`;

/** Keywords that say nothing about which values are valid, or nothing that could go wrong here. */
const HARMLESS = [
  "title",
  "description",
  "$schema",
  "$id",
  "$comment",
  "default",
  "examples",
  "$defs",
  "additionalProperties",
];

const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  string: ["minLength", "maxLength"],
  integer: ["minimum", "maximum"],
  number: [],
  boolean: [],
  null: [],
  array: ["items", "minItems", "maxItems"],
  object: ["properties", "required"],
};

/** The deepest schema that is read: one that contains itself would have no end. */
const DEEPEST = 32;

/** The most numbers between `minimum` and `maximum`. */
const WIDEST = 1000;

/**
 * @returns the source of a regular expression that the JSON text of each valid value matches, in one spelling
 * @throws {TypeError} names the part of the schema that is not understood
 */
export function patternOfSchema(schema: JsonSchema): string {
  return patternOf(schema, { root: schema, path: "schema", depth: 0 });
}

interface Place {
  readonly root: JsonSchema;
  readonly path: string;
  readonly depth: number;
}

function patternOf(schema: unknown, place: Place): string {
  const { path, depth } = place;
  if (depth > DEEPEST) throw refused(path, "is too deep, or contains itself");
  if (!isObject(schema)) throw refused(path, "has to be an object");
  const inside = (name: string): Place => ({ ...place, path: `${path}.${name}`, depth: depth + 1 });
  const only = (...allowed: readonly string[]): void => {
    const other = Object.keys(schema).find((key) => ![...allowed, ...HARMLESS].includes(key));
    if (other !== undefined) throw refused(`${path}.${other}`, "is not understood here");
  };

  if ("$ref" in schema) {
    only("$ref");
    return patternOf(resolve(schema["$ref"], place), inside("$ref"));
  }
  if ("const" in schema) {
    only("const", "type");
    return escape(JSON.stringify(schema["const"]));
  }
  if ("enum" in schema) {
    only("enum", "type");
    const values = schema["enum"];
    if (!Array.isArray(values) || values.length === 0)
      throw refused(`${path}.enum`, "has to be a list of values");
    return either(values.map((value) => escape(JSON.stringify(value))));
  }
  if ("anyOf" in schema) {
    only("anyOf");
    const ways = schema["anyOf"];
    if (!Array.isArray(ways) || ways.length === 0)
      throw refused(`${path}.anyOf`, "has to be a list of schemas");
    return either(ways.map((way, index) => patternOf(way, inside(`anyOf.${String(index)}`))));
  }
  const { type } = schema;
  if (Array.isArray(type)) {
    return either(
      (type as readonly unknown[]).map((one) =>
        patternOf({ ...withoutOthers(schema, one), type: one }, inside("type")),
      ),
    );
  }
  if (typeof type !== "string" || !Object.hasOwn(KEYWORDS, type))
    throw refused(`${path}.type`, `has to be one of ${Object.keys(KEYWORDS).join(", ")}`);
  only("type", ...KEYWORDS[type]!);
  switch (type) {
    case "string":
      return `"${STRING_CHARACTER}${times(schema, "minLength", "maxLength", path)}"`;
    case "integer":
      return integerPattern(schema, path);
    case "number":
      return NUMBER;
    case "boolean":
      return "(?:true|false)";
    case "array":
      return arrayPattern(schema, place, inside);
    case "object":
      return objectPattern(schema, place, inside);
    default:
      return "null";
  }
}

function arrayPattern(
  schema: JsonSchema,
  { path }: Place,
  inside: (name: string) => Place,
): string {
  const item = patternOf(schema["items"], inside("items"));
  const [min, max] = counts(schema, "minItems", "maxItems", path);
  if (max === 0) return String.raw`\[\]`;
  const most = max === undefined ? "" : String(max - 1);
  const rest = `(?:, ?${item}){${String(Math.max(min - 1, 0))},${most}}`;
  const items = `${item}${rest}`;
  return String.raw`\[${min === 0 ? `(?:${items})?` : items}\]`;
}

function objectPattern(
  schema: JsonSchema,
  { path }: Place,
  inside: (name: string) => Place,
): string {
  const properties = schema["properties"] ?? {};
  const required = schema["required"] ?? [];
  if (!isObject(properties)) throw refused(`${path}.properties`, "has to be an object");
  if (!Array.isArray(required)) throw refused(`${path}.required`, "has to be a list of names");
  const unknown = (required as readonly unknown[]).find(
    (name) => typeof name !== "string" || !Object.hasOwn(properties, name),
  );
  if (unknown !== undefined)
    throw refused(
      `${path}.required`,
      `names ${JSON.stringify(unknown)}, which \`properties\` lacks`,
    );
  const members = Object.entries(properties).map(([name, value]) => ({
    text: `${escape(JSON.stringify(name))}: ?${patternOf(value, inside(name))}`,
    isRequired: required.includes(name),
  }));
  /** Members from `at` on, after another member. */
  const following = (at: number): string =>
    members
      .slice(at)
      .map(({ text, isRequired }) => (isRequired ? `, ?${text}` : `(?:, ?${text})?`))
      .join("");
  /** Members from `at` on, as the first of the object: which one comes first decides where commas are. */
  const from = (at: number): string => {
    const member = members[at];
    if (!member) return "";
    const first = member.text + following(at + 1);
    return member.isRequired ? first : either([first, from(at + 1)]);
  };
  return String.raw`\{${from(0)}\}`;
}

function integerPattern(schema: JsonSchema, path: string): string {
  const { minimum, maximum } = schema;
  if (minimum === undefined && maximum === undefined) return INTEGER;
  if (!Number.isSafeInteger(minimum) || !Number.isSafeInteger(maximum))
    throw refused(path, "needs both `minimum` and `maximum`, as whole numbers");
  const [from, to] = [minimum as number, maximum as number];
  if (to < from || to - from >= WIDEST)
    throw refused(path, `needs at most ${String(WIDEST)} numbers from \`minimum\` to \`maximum\``);
  return either(Array.from({ length: to - from + 1 }, (_, index) => String(from + index)));
}

function counts(
  schema: JsonSchema,
  min: string,
  max: string,
  path: string,
): [number, number | undefined] {
  const [least = 0, most] = [schema[min], schema[max]];
  const isCount = (value: unknown): value is number =>
    Number.isSafeInteger(value) && (value as number) >= 0;
  if (!isCount(least)) throw refused(`${path}.${min}`, "has to be a whole number from 0");
  if (most !== undefined && (!isCount(most) || most < least))
    throw refused(`${path}.${max}`, `has to be a whole number from \`${min}\``);
  return [least, most];
}

function times(schema: JsonSchema, min: string, max: string, path: string): string {
  const [least, most] = counts(schema, min, max, path);
  return `{${String(least)},${most === undefined ? "" : String(most)}}`;
}

/** Of several types, each has its own keywords. */
function withoutOthers(schema: JsonSchema, type: unknown): JsonSchema {
  const own = KEYWORDS[String(type)] ?? [];
  const others = Object.values(KEYWORDS)
    .flat()
    .filter((key) => !own.includes(key));
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !others.includes(key)));
}

function resolve(reference: unknown, { root, path }: Place): unknown {
  const name =
    typeof reference === "string" ? /^#\/\$defs\/([^/]+)$/.exec(reference)?.[1] : undefined;
  const definitions = root["$defs"];
  if (name === undefined || !isObject(definitions) || !Object.hasOwn(definitions, name))
    throw refused(`${path}.$ref`, "has to name an entry of `$defs`, as #/$defs/name");
  return definitions[name];
}

function either(ways: readonly string[]): string {
  return `(?:${ways.join("|")})`;
}

/** A text as a regular expression of it. */
export function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refused(path: string, why: string): WrongArgument {
  return new WrongArgument(`\`${path}\` of \`format\` ${why}.`);
}
