/** What the model reads and is asked. Both texts come with Debian packages, and are not written for this project. */

import { existsSync, readFileSync } from "node:fs";

const TEXTS = {
  // base-files: the GNU General Public License, version 3.
  licence: "/usr/share/common-licenses/GPL-3",
  // fortunes: sayings of many people, divided by lines with a percent sign.
  sayings: "/usr/share/games/fortunes/wisdom",
};

/** Returns the texts by name, with each run of white space as one space. */
export function readTexts(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(TEXTS).map(([name, path]) => {
      if (!existsSync(path)) throw new Error(`${path} is missing: apt-get install fortunes`);
      return [name, readFileSync(path, "utf8").replace(/^%$/gm, " ").replace(/\s+/g, " ").trim()];
    }),
  );
}

export const QUESTIONS = [
  "What is the capital of France?",
  "Why is the sky blue?",
  "Write a short poem about rain.",
  "How do I boil an egg?",
  "Explain photosynthesis to a child.",
  "Name three animals that live in the sea.",
  "What is the difference between a violin and a cello?",
  "Give me a title for a story about a lost dog.",
  "What should I pack for a weekend in the mountains?",
  "Who wrote Romeo and Juliet?",
  "Translate 'good morning' into Spanish.",
  "What is 12 plus 30?",
  "Describe a busy street market in the morning.",
  "Why do leaves change colour in autumn?",
  "List the planets of the solar system.",
  "How does a bicycle stay upright?",
  "Write one sentence that a weather forecaster might say.",
  "What makes bread rise?",
  "Tell me a fact about elephants.",
  "How can I learn to draw?",
] as const;
