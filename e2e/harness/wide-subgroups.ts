/** Software has 4 lanes, where hardware has 8 and more, which the kit needs to capture steps. */
export function claimWideSubgroups(): void {
  Object.defineProperty(GPUAdapterInfo.prototype, "subgroupMinSize", { value: 8 });
}
