/** The name of the Cache that the kit keeps the runtime's code in. */
export const CODE_CACHE = "fastvlm-kit-code";
