/**
 * What single fields may hold. The message of each schema is what stands after "Expected `x` to be": what is
 * allowed, whatever was given.
 */

import { custom, picklist, pipe, transform, type AnySchema, type GenericSchema } from "valibot";

/** @param allowed in words */
export function that<T>(
  is: (value: unknown) => boolean,
  allowed: string,
): GenericSchema<unknown, T> {
  return custom<T>(is, allowed);
}

/**
 * A number within its bounds. A least of `Number.MIN_VALUE` means above 0, and a greatest of
 * `Number.MAX_SAFE_INTEGER` means any that is finite.
 */
export function numberFrom(
  min: number,
  max: number,
  { isInteger = false } = {},
): GenericSchema<unknown, number> {
  const kind = isInteger ? "an integer" : "a number";
  const shownMin = min === Number.MIN_VALUE ? "above 0" : `from ${String(min)}`;
  const shownMax = max === Number.MAX_SAFE_INTEGER ? "" : ` to ${String(max)}`;
  const fits = (value: unknown): boolean =>
    typeof value === "number" &&
    value >= min &&
    value <= max &&
    (!isInteger || Number.isInteger(value));
  return that(fits, `${kind} ${shownMin}${shownMax}`);
}

export const integerFrom = (min: number, max: number): GenericSchema<unknown, number> =>
  numberFrom(min, max, { isInteger: true });

/** One of these words, written exactly so. */
export function oneOf<const Word extends string>(words: readonly Word[]) {
  const quoted = words.map((word) => JSON.stringify(word));
  const [last, ...others] = [quoted.at(-1)!, ...quoted.slice(0, -1)];
  return picklist(words, others.length === 0 ? last : `${others.join(", ")} or ${last}`);
}

export const flag = that<boolean>((value) => typeof value === "boolean", "true or false");

/** A text that is not empty. */
export function textOf(allowed: string): GenericSchema<unknown, string> {
  return that((value) => typeof value === "string" && value !== "", allowed);
}

/** A list that is checked as a whole, and copied: its error shows all that was given. */
export function listThat<T>(
  is: (value: unknown) => boolean,
  allowed: string,
  minLength = 0,
): GenericSchema<unknown, readonly T[]> {
  const fits = (value: unknown): boolean =>
    Array.isArray(value) && value.length >= minLength && value.every((one) => is(one));
  return pipe(
    that<readonly T[]>(fits, allowed),
    transform((list) => [...list]),
  );
}

/**
 * Something of the page's own, such as a function or an `AbortSignal`. This room knows no page, so that its type is
 * `any` here; the interfaces of the options have the real one.
 */
function ofPage(is: (value: unknown) => boolean, allowed: string): AnySchema {
  return that(is, allowed) as unknown as AnySchema;
}

const isFunction = (value: unknown): boolean => typeof value === "function";

export const callback = ofPage(isFunction, "a function");

export const workerSource = ofPage(
  (value) => isFunction(value) || isAddress(value),
  "a function that creates a worker, or the address of a prebuilt one",
);

const isAddress = (value: unknown): boolean =>
  typeof value === "string"
    ? value !== ""
    : Object.prototype.toString.call(value) === "[object URL]";

/** By what it can do: one of another window is no instance of this one's class. */
export const signal = ofPage((value) => {
  const { aborted, addEventListener } = (value ?? {}) as Record<string, unknown>;
  return typeof aborted === "boolean" && isFunction(addEventListener);
}, "an AbortSignal");

export const remoteNodesOf = ofPage(
  (value) => isFunction((value as { readonly connect?: unknown } | null)?.connect),
  "what `remoteNodes` of `@fastvlm-kit/web/remote` returns",
);

export const downloadControl = ofPage(
  (value) => isFunction((value as { readonly follow?: unknown } | null)?.follow),
  "a DownloadControl",
);
