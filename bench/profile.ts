/** The browser profile that keeps the engines' caches from run to run, for as long as the files stay the same. */

import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** A profile in `folder` whose caches can only be of the files in `modelFolders`: emptied when they changed. */
export function prepareProfile(folder: string, modelFolders: readonly string[]): string {
  const signature = signatureOf(modelFolders);
  const [profile, note] = [join(folder, "profile"), join(folder, "profile.sha256")];
  const isCurrent = existsSync(note) && readFileSync(note, "utf8") === signature;
  if (!isCurrent) rmSync(profile, { recursive: true, force: true });
  mkdirSync(profile, { recursive: true });
  writeFileSync(note, signature);
  return profile;
}

/** Both engines cache by address, and the bench serves every model under the same one. */
function signatureOf(folders: readonly string[]): string {
  const hash = createHash("sha256");
  for (const folder of folders) {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    for (const path of files) {
      const { size, mtimeMs } = statSync(path);
      hash.update(`${path} ${size} ${mtimeMs}\n`);
    }
  }
  return hash.digest("hex");
}
