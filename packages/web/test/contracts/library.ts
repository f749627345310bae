/**
 * What every library of models must do: with the real worker, and with the fake of `@fastvlm-kit/web/testing`. Plain functions,
 * as in `vlm.ts`.
 */

import { checkSupport, createModelLibrary } from "../../src/index.ts";
import type { CacheOptions } from "../../src/api/cache-options.ts";
import type { ModelLibrary } from "../../src/library/model-library.ts";
import type { ModelDescriptor } from "../../src/protocol/model-descriptor.ts";
import type { StoredModel } from "../../src/protocol/storage.ts";
import { nameOf, thrownBy } from "./vlm-subject.ts";

/** What the contract is checked on. */
export interface LibrarySubject {
  readonly createWorker: () => Worker;
  readonly cache?: CacheOptions;
  /** Two revisions of one model. */
  readonly models: readonly [ModelDescriptor, ModelDescriptor];
  /** Has both revisions stored, and nothing else. */
  readonly prepare: (library: ModelLibrary) => Promise<void>;
}

type LibraryCheck = (library: ModelLibrary, subject: LibrarySubject) => Promise<void>;

/** All promises, by name. */
export const LIBRARY_CHECKS: Readonly<Record<string, LibraryCheck>> = {
  async "stored models are listed, with what is known of them"(library, { models }) {
    const stored = await library.listModels();
    equal(stored.map(nameOfModel).sort(), models.map(nameOfModel).sort());
    for (const { storedBytes, totalBytes, isComplete, isInUse, storedAt, usedAt } of stored) {
      equal([isComplete, isInUse], [true, false]);
      equal([storedBytes > 0, storedBytes <= totalBytes, storedAt <= usedAt], [true, true, true]);
    }
  },

  async "the bytes of all models are counted"(library) {
    const sum = bytesOf(await library.listModels());
    equal((await library.storageUsage()).modelBytes, sum);
  },

  async "one revision is deleted, and no other"(library, { models: [one, other] }) {
    await library.deleteModel(one.id, one.revision);
    const stored = await library.listModels();
    equal(stored.map(nameOfModel), [nameOfModel(other)]);
    equal((await library.storageUsage()).modelBytes, bytesOf(stored));
  },

  async "all revisions are deleted where none is named"(library, { models: [{ id }] }) {
    await library.deleteModel(id);
    equal(await library.listModels(), []);
    equal((await library.storageUsage()).modelBytes, 0);
  },

  async "deleting what is not stored does nothing"(library, { models: [{ id }] }) {
    await library.deleteModel(id, "2".repeat(40));
    await library.deleteModel("not/there");
    equal((await library.listModels()).length, 2);
  },

  async "a model that was prepared is ready for a visit without a network"(library, { models }) {
    const [model] = models;
    const report = await library.prepareOffline(model, { device: "wasm" });
    equal([report.isReady, report.missing, report.devices], [true, [], ["wasm"]]);
    equal(await library.isOfflineReady(model, { device: "wasm" }), true);
    const { isReady, storedBytes, totalBytes } = await library.checkOffline(model, {
      device: "wasm",
    });
    equal([isReady, storedBytes], [true, totalBytes]);
  },

  async "a worker without faults has no problems"(_, { models: [model], createWorker: worker }) {
    const { problems } = await checkSupport({ model, device: "wasm", worker });
    equal(problems, []);
  },

  async "wrong arguments are refused, and nothing is deleted"(library) {
    const wrong = undefined as unknown as string;
    equal(nameOf(await thrownBy(() => library.deleteModel(wrong))), "TypeError");
    equal((await library.listModels()).length, 2);
  },

  async "a library that was disposed refuses calls"(library) {
    await library.dispose();
    equal(nameOf(await thrownBy(() => library.listModels())), "InvalidStateError");
  },
};

/** Opens a library with both revisions, and checks one promise on it. */
export async function checkOfLibrary(check: LibraryCheck, subject: LibrarySubject): Promise<void> {
  const { createWorker: worker, cache = {} } = subject;
  const library = createModelLibrary({ worker, cache });
  try {
    await subject.prepare(library);
    await check(library, subject);
  } finally {
    await library.dispose();
  }
}

/** @returns what was broken, and how */
export async function checkLibrary(subject: LibrarySubject): Promise<string[]> {
  const failures: string[] = [];
  for (const [name, check] of Object.entries(LIBRARY_CHECKS)) {
    await checkOfLibrary(check, subject).catch((error: unknown) => {
      failures.push(`${name}: ${String(error)}`);
    });
  }
  return failures;
}

function nameOfModel({ id, revision }: Pick<StoredModel, "id" | "revision">): string {
  return `${id}@${revision}`;
}

function bytesOf(stored: readonly StoredModel[]): number {
  return stored.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
}

function equal(actual: unknown, expected: unknown): void {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (one !== other) throw new Error(`It is ${one}, and should be ${other}`);
}
