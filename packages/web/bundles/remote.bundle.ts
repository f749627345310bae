export * from "../src/remote.ts";
