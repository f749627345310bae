/** UTF-8, one byte after the other. */

/** @returns the number of bytes of a character that begins with this byte; undefined if none does */
export function lengthOfCharacter(first: number): number | undefined {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xf0 && first < 0xf5 ? 4 : undefined;
}

export function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @returns undefined for bytes that are no character, such as a surrogate or a longer form than needed */
export function decodeCharacter(bytes: readonly number[]): string | undefined {
  try {
    return decoder.decode(Uint8Array.from(bytes));
  } catch {
    return undefined;
  }
}

const SPARSE = 16;
const MANY = 4096;

const known = new Map<string, readonly string[]>();

/** Characters whose UTF-8 begins with these bytes; of the many that begin with one byte of four, every 16th. */
export function charactersFrom(bytes: readonly number[]): readonly string[] {
  const key = bytes.join();
  const found = known.get(key) ?? listCharacters(bytes);
  known.set(key, found);
  return found;
}

function listCharacters(bytes: readonly number[]): readonly string[] {
  const missing = lengthOfCharacter(bytes[0]!)! - bytes.length;
  const count = 64 ** missing;
  const characters: string[] = [];
  for (let index = 0; index < count; index += count > MANY ? SPARSE : 1) {
    const rest = Array.from(
      { length: missing },
      (_, at) => 0x80 | (Math.floor(index / 64 ** (missing - 1 - at)) & 0x3f),
    );
    const character = decodeCharacter([...bytes, ...rest]);
    if (character !== undefined) characters.push(character);
  }
  return characters;
}
