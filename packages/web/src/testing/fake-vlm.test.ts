import { describe, it } from "vitest";
import { createFakeSubject } from "../../test/contracts/fake-subject.ts";
import { VLM_CHECKS } from "../../test/contracts/vlm.ts";

describe("a fake client keeps the contract of the real one:", () => {
  it.each(Object.entries(VLM_CHECKS))("%s", async (_, check) => {
    await check(createFakeSubject());
  });
});
