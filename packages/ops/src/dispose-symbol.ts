/** The symbol that `await using` looks for. Safari does not have it yet; compilers then look for the registered one. */

const known: { readonly asyncDispose?: symbol } = Symbol;

// `as never` is needed because the compiler takes the unique symbol from the type that is written before it.
export const ASYNC_DISPOSE: typeof Symbol.asyncDispose = (known.asyncDispose ??
  Symbol.for("Symbol.asyncDispose")) as never;
