/**
 * Arrays in buffers that belong to them. TypeScript has the types `Uint8Array<ArrayBuffer>` since 5.7; written as here, older
 * versions read the kit's declarations too.
 */

export type Bytes = ReturnType<Uint8Array["slice"]>;

export type Floats = ReturnType<Float32Array["slice"]>;
