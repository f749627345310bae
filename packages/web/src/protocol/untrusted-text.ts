declare const ORIGIN: unique symbol;

/**
 * Text that a model wrote. An image can make a model write anything, because text on it works like a prompt: HTML,
 * scripts, addresses, instructions to another program. Show it with `textContent`, and parse or run nothing of it.
 *
 * It is a plain string, and may be used as one. The type only says where it comes from: an app that gives trusted text a
 * type of its own, with another value of this property, gets an error from TypeScript where the two are mixed up.
 */
export type UntrustedText = string & { readonly [ORIGIN]?: "model" };
