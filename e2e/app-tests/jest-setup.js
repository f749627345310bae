import { MessageChannel } from "node:worker_threads";

globalThis.MessageChannel = MessageChannel;
