/** The command `fastvlm-serve`: starts the server, and ends it when the process is asked to end. */

import { readFileSync } from "node:fs";
import type { ModelDescriptor, ModelPins, VlmEvent } from "@fastvlm-kit/web";
import { chooseModel } from "../engine/choose-model.ts";
import { startServer, type RunningServer } from "../start-server.ts";
import { HELP, readArguments, type Arguments } from "./read-arguments.ts";
import { readToken } from "./read-token.ts";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** Runs until the process gets SIGTERM or SIGINT. */
export async function runCommand(given: readonly string[]): Promise<void> {
  const found = readArguments(given);
  if (!found) {
    process.stdout.write(HELP);
    return;
  }
  const server = await start(found);
  if (server.metricsUrl !== undefined)
    console.error(`fastvlm-serve: metrics at ${server.metricsUrl}`);
  // Whoever started the process reads the address here.
  console.log(`fastvlm-serve: listening on ${server.url}`);
  await new Promise<void>((resolve) => {
    for (const signal of SIGNALS) {
      process.once(signal, () => {
        resolve();
      });
    }
  });
  console.error("fastvlm-serve: stopping");
  await server.stop();
}

async function start(found: Arguments): Promise<RunningServer> {
  const token = readToken(found, process.env);
  const model = await readModel(found);
  console.error(`fastvlm-serve: loading ${model.id}`);
  const { maxImages, maxTokens, maxPromptCharacters, cacheFolder, metricsPort, ...options } = found;
  const server = await startServer({
    ...options,
    model,
    aliases: [...new Set([found.model, ...found.aliases])].filter((name) => name !== model.id),
    limits: { maxImages, maxTokens, maxPromptCharacters },
    ...(metricsPort !== undefined && { metricsPort }),
    ...(cacheFolder !== undefined && { cacheFolder }),
    ...(token !== undefined && { token }),
    onEvent: (event) => {
      const text = toLine(event);
      if (text !== undefined) console.error(`fastvlm-serve: ${text}`);
    },
    onError: (error) => {
      console.error("fastvlm-serve:", error);
    },
  });
  const { workers, reason } = server.vlm.scalingStatus()?.limit ?? { workers: 1 };
  if (workers < found.workers) {
    console.error(
      `fastvlm-serve: ${String(workers)} of ${String(found.workers)} workers (limit: ${String(reason)})`,
    );
  }
  return server;
}

function readModel({ pinsFile, ...found }: Arguments): Promise<ModelDescriptor> {
  const pins =
    pinsFile === undefined ? undefined : (JSON.parse(readFileSync(pinsFile, "utf8")) as ModelPins);
  // The hub's own tools read its address from there too.
  const endpoint = found.endpoint ?? process.env["HF_ENDPOINT"];
  return chooseModel({ ...found, pins, endpoint });
}

/** What an operator has to know. */
function toLine(event: VlmEvent): string | undefined {
  if (event.type === "worker-restarted") return `a worker was restarted (${event.reason})`;
  if (event.type === "storage-degraded") {
    return `models cannot be kept, so each start downloads them, and there is one worker (${event.reason})`;
  }
  return undefined;
}
