/**
 * The symbols that `using` looks for. Safari does not have them yet, and a method under such a key would be named
 * "undefined". Compilers translate `using` for such browsers into code that looks for the registered symbols.
 */

const known: { readonly dispose?: symbol; readonly asyncDispose?: symbol } = Symbol;

// `as never` is needed because the compiler takes the unique symbol from the type that is written before it.
export const DISPOSE: typeof Symbol.dispose = (known.dispose ??
  Symbol.for("Symbol.dispose")) as never;

export const ASYNC_DISPOSE: typeof Symbol.asyncDispose = (known.asyncDispose ??
  Symbol.for("Symbol.asyncDispose")) as never;
