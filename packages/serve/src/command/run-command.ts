/** The command `fastvlm-serve`: starts the server, and ends it when the process is asked to end. */

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
  const model = await chooseModel(found);
  console.error(`fastvlm-serve: loading ${model.id}`);
  const { maxImages, maxTokens, maxPromptCharacters, ...options } = found;
  return startServer({
    ...options,
    model,
    aliases: [...new Set([found.model, ...found.aliases])].filter((name) => name !== model.id),
    limits: { maxImages, maxTokens, maxPromptCharacters },
    ...(token !== undefined && { token }),
    onEvent: (event) => {
      if (event.type === "worker-restarted") {
        console.error(`fastvlm-serve: the worker was restarted (${event.reason})`);
      }
    },
    onError: (error) => {
      console.error("fastvlm-serve:", error);
    },
  });
}
