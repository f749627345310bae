/** Every entry's declarations, and the objects that `using` ends. */

export * as onnx from "@fastvlm-kit/onnx";
export * as graph from "@fastvlm-kit/onnx/graph";
export * as ops from "@fastvlm-kit/ops";
export * as dashboard from "@fastvlm-kit/ops/dashboard";
export * as tiny from "@fastvlm-kit/tiny";
export * as smolvlm from "@fastvlm-kit/tiny/smolvlm";
export * as web from "@fastvlm-kit/web";
export * as compare from "@fastvlm-kit/web/compare";
export * as config from "@fastvlm-kit/web/config";
export * as host from "@fastvlm-kit/web/host";
export * as inspect from "@fastvlm-kit/web/inspect";
export * as node from "@fastvlm-kit/web/node";
export * as remote from "@fastvlm-kit/web/remote";
export * as worker from "@fastvlm-kit/web/worker";

import type { Vlm } from "@fastvlm-kit/web";

/** Bytes of whatever buffer are an image, as the newest and the oldest compilers see them. */
export async function captionBytes(vlm: Vlm, bytes: Uint8Array): Promise<string> {
  using image = await vlm.open(bytes);
  return (await image.caption()).text;
}
