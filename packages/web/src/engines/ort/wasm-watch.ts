/**
 * Watches how onnxruntime's files arrive that it fetches, because ORT waits for them without a limit, and its own error does
 * not say what the server answered.
 */

import { watchBytes } from "../../shared/watch-bytes.ts";

/** The answer to the request for the `.wasm` file, as far as there was one. */
export interface SeenWasm {
  readonly url: string;
  /** Undefined if there was no answer. */
  readonly status?: number;
  readonly isPage?: boolean;
}

export interface WasmEvents {
  /** A file is asked for, or some of it has come. */
  readonly onProgress: (url: string) => void;
  /** All of the `.wasm` file is here. What is not compiled yet is compiled now. */
  readonly onArrived: () => void;
}

export interface WasmWatch {
  /** Undefined while nothing was asked for. */
  readonly seen: SeenWasm | undefined;
  end(): void;
}

export function watchWasm({ onProgress, onArrived }: WasmEvents): WasmWatch {
  const plain = globalThis.fetch;
  let seen: SeenWasm | undefined;
  const watched: typeof fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const isWasm = /[.]wasm(?:[?#]|$)/.test(url);
    if (!isWasm && !/[.]mjs(?:[?#]|$)/.test(url)) return plain(input, init);
    if (isWasm) seen = { url };
    onProgress(url);
    const response = await plain(input, init);
    if (isWasm) {
      const isPage = response.headers.get("content-type")?.startsWith("text/html") === true;
      seen = { url, status: response.status, isPage };
    }
    watchBytes(response, () => {
      onProgress(url);
    }).then(
      () => {
        if (isWasm) onArrived();
      },
      () => undefined, // ORT is told by its own part of the answer.
    );
    return response;
  };
  globalThis.fetch = watched;
  return {
    get seen() {
      return seen;
    },
    end() {
      if (globalThis.fetch === watched) globalThis.fetch = plain;
    },
  };
}
