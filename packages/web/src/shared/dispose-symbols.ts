/**
 * The keys of `using`. Safari has no such symbols yet: as the name of a method they would be the word
 * "undefined". What compilers make of `using` for such browsers looks under the registered symbols.
 */

const known: { readonly dispose?: symbol; readonly asyncDispose?: symbol } = Symbol;

// `as never`: the compiler knows a unique symbol by the type that is written before it.
export const DISPOSE: typeof Symbol.dispose = (known.dispose ??
  Symbol.for("Symbol.dispose")) as never;

export const ASYNC_DISPOSE: typeof Symbol.asyncDispose = (known.asyncDispose ??
  Symbol.for("Symbol.asyncDispose")) as never;
