import type { FileKind } from "../observation.ts";

const WEIGHTS = /\.(onnx|onnx[_.]data\w*|safetensors|gguf)$/i;
const MODEL =
  /\/((generation_|preprocessor_|processor_|tokenizer_)?config\.json|tokenizer\.json|chat_template\.\w+)$/i;

/** @param resourceType what the browser fetched it as, such as `script` or `stylesheet` */
export function kindOfFile(url: string, resourceType: string): FileKind {
  const { pathname } = new URL(url);
  if (WEIGHTS.test(pathname)) return "weights";
  if (MODEL.test(pathname)) return "model";
  if (pathname.endsWith(".wasm")) return "wasm";
  if (resourceType === "script" || /\.m?js$/.test(pathname)) return "script";
  return resourceType === "stylesheet" ? "style" : "other";
}
