import { writeFileSync } from "node:fs";

/** A tensor to write: its bytes are taken as they are. */
export interface RawTensor {
  dtype: string;
  shape: number[];
  bytes: Uint8Array;
}

/** Writes tensors as a safetensors file; `change` may falsify its header. */
export function writeSafetensors(
  path: string,
  tensors: Record<string, RawTensor>,
  change: (header: Record<string, unknown>) => unknown = (header) => header,
): void {
  let offset = 0;
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(change(header)));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true);
  writeFileSync(
    path,
    Buffer.concat([length, json, ...Object.values(tensors).map(({ bytes }) => bytes)]),
  );
}
