/** Watches how onnxruntime's `.wasm` file arrives, because ORT's own error does not say what the server answered. */

/** The answer to the request for the file, as far as there was one. */
export interface SeenWasm {
  readonly url: string;
  /** Undefined if there was no answer. */
  readonly status?: number;
  readonly isPage?: boolean;
}

export interface WasmWatch {
  /** Undefined while nothing was asked for. */
  readonly seen: SeenWasm | undefined;
  end(): void;
}

export function watchWasm(): WasmWatch {
  const plain = globalThis.fetch;
  let seen: SeenWasm | undefined;
  const watched: typeof fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (!/[.]wasm(?:[?#]|$)/.test(url)) return plain(input, init);
    seen = { url };
    const response = await plain(input, init);
    const isPage = response.headers.get("content-type")?.startsWith("text/html") === true;
    seen = { url, status: response.status, isPage };
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
