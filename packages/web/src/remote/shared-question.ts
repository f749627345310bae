/** What a question needs that two places may be asked: its images are taken once, and the app sees each event once. */

import type { GenerateEvent } from "../protocol/result.ts";
import type { TakenImages } from "../sources/take-images.ts";

/** Takes images once, whoever asks for them how often, and frees them when the call has ended. */
export function shareImages(take: () => Promise<TakenImages>) {
  let taking: Promise<TakenImages> | undefined;
  return {
    take: async (): Promise<TakenImages> => {
      taking ??= take();
      return { ...(await taking), release: () => undefined };
    },
    release: (): void => {
      void taking?.then(
        ({ release }) => {
          release();
        },
        () => undefined,
      );
    },
  };
}

/** Passes events on, those before the first text only once, though two places may be asked. */
export function watchEvents(onEvent: (event: GenerateEvent) => void) {
  const seen = new Set<GenerateEvent["type"]>();
  return {
    get hasText(): boolean {
      return seen.has("text-delta");
    },
    onEvent: (event: GenerateEvent): void => {
      const isOnce = event.type === "queued" || event.type === "image-ready";
      if (isOnce && seen.has(event.type)) return;
      seen.add(event.type);
      onEvent(event);
    },
  };
}
