/**
 * Bytes in a buffer that belongs to them. TypeScript has the type `Uint8Array<ArrayBuffer>` since 5.7; written as here, older
 * versions read the package's declarations too.
 */
export type Bytes = ReturnType<Uint8Array["slice"]>;
