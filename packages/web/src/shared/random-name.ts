/** A name that nobody else has. `crypto.randomUUID` is not used, because pages without https do not have it. */
export function randomName(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}
