/**
 * Lets in as many requests as the server may hold, before their bodies are read: a body with images is megabytes, and the
 * queue of the model counts only calls whose images are there. It also ends the service: nothing new, and what runs ends.
 */

import { ApiError, unavailable } from "../openai/api-error.ts";

export interface Admission {
  /**
   * Takes a place.
   *
   * @throws {ApiError} 429 when all are taken, 503 when the server ends
   */
  enter(): Place;
  /** Refuses everything new, and resolves when the last place is free. */
  drain(): Promise<void>;
  readonly isDraining: boolean;
  readonly taken: number;
}

interface Place {
  /** Frees the place. Once is enough; more does no harm. */
  leave(): void;
}

/**
 * @param max places: for requests that run, and those that wait
 * @param estimateWaitMs after which time there is probably a place, if all are taken
 */
export function createAdmission(max: number, estimateWaitMs: () => number): Admission {
  const places = new Set<Place>();
  let drained: (() => void) | undefined;
  return {
    enter() {
      if (drained) throw unavailable("The server is about to end.", "server_stopping", 5000);
      if (places.size >= max) throw full(max, estimateWaitMs());
      const place: Place = {
        leave: () => {
          places.delete(place);
          if (places.size === 0) drained?.();
        },
      };
      places.add(place);
      return place;
    },
    drain: () =>
      new Promise((resolve) => {
        drained = resolve;
        if (places.size === 0) resolve();
      }),
    get isDraining() {
      return drained !== undefined;
    },
    get taken() {
      return places.size;
    },
  };
}

function full(max: number, retryAfterMs: number): ApiError {
  return new ApiError(
    `The server has ${String(max)} requests already. Repeat the request after the time in \`Retry-After\`.`,
    { status: 429, type: "rate_limit_error", code: "queue_full", retryAfterMs },
  );
}
