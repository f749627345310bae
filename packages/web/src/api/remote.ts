/** Remote nodes, as an app describes them and holds them. */

import type { NodeMode, NodeReport } from "../protocol/remote.ts";

/**
 * How a server spells what goes beyond the API that all of them share. `openai` is that API alone, which every server of this
 * kind understands; `fastvlm-serve` takes it too.
 */
export type RemoteServer = "openai" | "vllm" | "sglang" | "llama.cpp" | "ollama" | "lm-studio";

/** How long the kit waits for a node, in milliseconds. The call's own `timeoutMs` ends it in any case. */
export interface RemoteTimeouts {
  /** Until the server's answer begins: the connection, the upload, and the server's queue. Default 20,000. */
  readonly answerMs?: number;
  /** Until the first text, from the beginning of the request. Default 30,000. */
  readonly firstTextMs?: number;
  /** Between two pieces of an answer that streams. Default 15,000. */
  readonly stallMs?: number;
}

/** Options of `remoteNode`. */
export interface RemoteNodeOptions {
  /**
   * Where the API begins, such as `https://vlm.example.com/v1`. It has to be `https:`; `http:` is possible for this
   * machine (`localhost`, `127.0.0.1`, `[::1]`) only.
   */
  readonly baseUrl: string;
  /** The model's name on the server. */
  readonly model: string;
  /**
   * Why images leave the device, in a sentence that your users may read. Each result of this node says it in `ranOn`.
   */
  readonly purpose: string;
  /** Different from the names of other nodes. Default: the address's host, and the model. */
  readonly name?: string;
  /** Which server it is. Default `openai`. */
  readonly server?: RemoteServer;
  /**
   * Returns the key for the next request, best a token that soon expires; asked for each request. A key that is written
   * into a page is known to everybody who opens the page.
   */
  readonly apiKey?: () => Promise<string> | string;
  /** How much of the calls it gets beside other nodes of the same speed. Default 1. */
  readonly weight?: number;
  /** How many calls it runs at once; more wait. Default 4. */
  readonly maxConcurrent?: number;
  readonly timeouts?: RemoteTimeouts;
  /** How often a request is repeated at this node after a failure that may pass, before any text has come. Default 1. */
  readonly retries?: number;
  /** The longest side of an image that is sent, in pixels. Larger ones are shrunk. Default 1024. */
  readonly maxSide?: number;
  /**
   * Whether to ask for the probabilities of tokens, for `confidence`. Default: true for the servers that are known to have
   * them (vLLM, SGLang, llama.cpp).
   */
  readonly logprobs?: boolean;
  /**
   * The path of the health check, from the root of the server. Default: `/health` of vLLM, SGLang and llama.cpp, else the
   * list of models (`models` of the API). A check sends no image and no prompt.
   */
  readonly healthPath?: string;
}

/** A description of a node; `remoteNodes` and `registerNode` take it. */
export interface RemoteNodeDescription extends RemoteNodeOptions {
  readonly name: string;
}

/** Options of `remoteNodes`. */
export interface RemoteNodesOptions {
  readonly nodes: readonly RemoteNodeDescription[];
  /** Where calls may be answered, unless a call says something else. */
  readonly mode: NodeMode;
  /**
   * If the first node has sent no text after this time, a second node gets the same call. The first of both that sends text
   * answers, and the other one is stopped. Both compute, and both see the images. Default: off.
   */
  readonly hedgeAfterMs?: number;
  /** How often nodes are checked while calls are made, in milliseconds; 0 turns checks off. Default 30,000. */
  readonly checkEveryMs?: number;
}

/** The remote nodes of an app; the option `remote` of `createVlm` takes them. */
export interface RemoteNodes {
  /** Where calls may be answered, unless a call says something else. */
  readonly mode: NodeMode;
  /**
   * Adds a node; it takes calls at once.
   *
   * @throws {TypeError} when another node has this name
   */
  registerNode(node: RemoteNodeDescription): void;
  /** Takes a node away. Its running calls end as they would have; it gets no others. Returns whether there was one. */
  removeNode(name: string): boolean;
  /** Returns what is known of each node. */
  listNodes(): readonly NodeReport[];
}
