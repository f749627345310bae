/** Holds what others wrote to a schema. This file alone turns an issue of the schema library into words. */

import {
  getDotPath,
  safeParse,
  type BaseIssue,
  type GenericSchema,
  type InferOutput,
} from "valibot";

/** Where something is not what it may be. */
export interface Fault {
  /** The names that lead there; empty for the whole. */
  readonly path: readonly string[];
  /** The path, what is allowed there, and what was given. */
  readonly sentence: string;
  /** What may stand there, as the schema says it. */
  readonly allowed: string;
  readonly options: ErrorOptions | undefined;
}

/**
 * What `given` says, copied: each field is read once, so that what was checked is what is used.
 *
 * @param name what an error calls the whole; its fields are called by their own path
 * @param toError makes another error of a fault
 * @throws {TypeError} that names the field, what is allowed there, and what was given
 */
export function read<const Schema extends GenericSchema>(
  schema: Schema,
  given: unknown,
  name: string,
  toError: (fault: Fault) => Error = ({ sentence, options }) => new TypeError(sentence, options),
): InferOutput<Schema> {
  const found = safeParse(schema, given, { abortEarly: true });
  if (found.success) return found.output;
  throw toError(toFault(found.issues[0], name));
}

/**
 * What `given` says, or what is wrong with it. A fault may hide others: fields are not looked at where another one beside
 * them has an unknown name.
 */
export function readOrFaults<const Schema extends GenericSchema>(
  schema: Schema,
  given: unknown,
  name: string,
): { readonly output: InferOutput<Schema> } | { readonly faults: readonly Fault[] } {
  const found = safeParse(schema, given);
  if (found.success) return { output: found.output };
  return { faults: found.issues.map((issue) => toFault(issue, name)) };
}

/** What `given` says; undefined where it is anything else. For records that this kit stored itself. */
export function readStored<const Schema extends GenericSchema>(
  schema: Schema,
  given: unknown,
): InferOutput<Schema> | undefined {
  const found = safeParse(schema, given, { abortEarly: true });
  return found.success ? found.output : undefined;
}

function toFault(issue: BaseIssue<unknown>, name: string): Fault {
  return {
    path: (issue.path ?? []).map(({ key }) => String(key)),
    sentence: toSentence(issue, name),
    allowed: issue.message,
    options: issue.input instanceof Error ? { cause: issue.input } : undefined,
  };
}

/** "Expected `network` to be "any" or "none", got "None"": a schema's message is what stands in the middle. */
function toSentence(issue: BaseIssue<unknown>, name: string): string {
  return `Expected \`${getDotPath(issue) ?? name}\` to be ${issue.message}, got ${show(issue.input, isWrittenByUser(issue))}`;
}

const MAX_SHOWN = 80;

/** Words that an option may be are shorter. What is longer, or has several words, may be what a user wrote, or a key. */
const SHOWN_TEXT = /^(?:\S{0,16}|\s*)$/;

/** Options that hold what users write, and those that may hold a key by mistake. */
const WRITTEN_BY_USERS = new Set<unknown>([
  ...["prompt", "system", "history", "stop"],
  ...["apiKey", "baseUrl"],
]);

function isWrittenByUser({ path }: BaseIssue<unknown>): boolean {
  return WRITTEN_BY_USERS.has(path?.at(0)?.key) && path?.at(-1)?.key !== "role";
}

/** Text in quotes, so that "9" and 9 look different; of objects only the kind, never the content. */
function show(value: unknown, isSecret: boolean): string {
  if (typeof value === "string") {
    const isShown = isSecret ? value.trim() === "" : SHOWN_TEXT.test(value);
    return isShown ? JSON.stringify(value) : `a text of ${String(value.length)} characters`;
  }
  if (Array.isArray(value))
    return `[${value
      .map((one) => show(one, isSecret))
      .join(", ")
      .slice(0, MAX_SHOWN)}]`;
  if (value instanceof Error) return `an error (${value.name})`;
  if ((typeof value === "object" && value !== null) || typeof value === "function") {
    return `\`${Object.prototype.toString.call(value)}\``;
  }
  return `\`${String(value)}\` (${typeof value})`;
}
