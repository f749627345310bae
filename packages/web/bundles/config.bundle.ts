export * from "../src/config.ts";
