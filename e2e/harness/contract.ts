/** The contract of a client, checked in a page: of the real client on the embedded model, and of it on a fake worker. */

import { tinyModel } from "@fastvlm-kit/tiny";
// Not part of the published packages: what every client is held to.
import { createFakeWorker } from "@fastvlm-kit/web/testing";
import { createFakeLibrarySubject } from "../../packages/web/test/contracts/fake-subject.ts";
import { checkLibrary } from "../../packages/web/test/contracts/library.ts";
import { checkVlm } from "../../packages/web/test/contracts/vlm.ts";
import {
  createFakeWorkerSubject,
  createPageLibrarySubject,
  createPageSubject,
} from "../../packages/web/test/contracts/page-subject.ts";

/** @returns what was broken of the contract of a library of models, and how */
export function checkModelLibrary(
  kind: "real" | "fake",
  createWorker: () => Worker,
): Promise<string[]> {
  return checkLibrary(
    kind === "fake"
      ? createFakeLibrarySubject(createFakeWorker)
      : createPageLibrarySubject({
          createWorker,
          model: tinyModel(),
          cacheName: "contract-library",
        }),
  );
}

/** @returns what was broken, and how */
export async function checkClient(
  kind: "real" | "fake",
  createWorker: () => Worker,
): Promise<string[]> {
  if (kind === "fake") return checkVlm(await createFakeWorkerSubject());
  const subject = await createPageSubject({
    createWorker,
    model: tinyModel(),
    cacheName: "contract",
    prompt: "Describe this image in detail.",
    // The page's lock is free when the worker is gone, as after a fault of the browser.
    kill: (worker) => {
      worker.terminate();
    },
  });
  return checkVlm(subject);
}
