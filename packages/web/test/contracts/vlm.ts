/**
 * What every client must do: the real one, and the fake of `@fastvlm-kit/web/testing`. Plain functions without a test
 * framework, so that the same suite runs in Node on the fake, and in a page on both. A fake that an app's tests can trust
 * passes what the real client passes.
 */

import { CALL_CHECKS } from "./vlm-calls.ts";
import { LIFE_CHECKS } from "./vlm-life.ts";
import type { VlmCheck, VlmSubject } from "./vlm-subject.ts";

/** All promises, by name. The checks of calls share a client. */
export const VLM_CHECKS: Readonly<Record<string, VlmCheck>> = {
  ...LIFE_CHECKS,
  ...Object.fromEntries(
    Object.entries(CALL_CHECKS).map(([name, check]): [string, VlmCheck] => [
      name,
      async (subject) => {
        const vlm = await subject.open();
        try {
          await check(vlm, subject);
        } finally {
          await vlm.dispose();
        }
      },
    ]),
  ),
};

/**
 * Checks the calls on one client, because a real one takes a second to load, and then the lives.
 *
 * @returns what was broken, and how
 */
export async function checkVlm(subject: VlmSubject): Promise<string[]> {
  const failures: string[] = [];
  const note = async (name: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      failures.push(`${name}: ${String(error)}`);
    }
  };
  const vlm = await subject.open();
  for (const [name, check] of Object.entries(CALL_CHECKS))
    await note(name, () => check(vlm, subject));
  await vlm.dispose();
  for (const [name, check] of Object.entries(LIFE_CHECKS)) await note(name, () => check(subject));
  return failures;
}
