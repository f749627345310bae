/** Whether the server can be made to ask for what it must not. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createImageHosts } from "./image-hosts.ts";

let server: Server;
let port = 0;
const asked: string[] = [];
const signal = new AbortController().signal;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url!);
    if (request.url === "/moved") response.writeHead(302, { location: "/image" }).end();
    else response.end(request.url === "/large" ? Buffer.alloc(2000) : "image");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
});

afterAll(() => {
  server.close();
});

const at = (path: string, host = "localhost"): string => `http://${host}:${String(port)}${path}`;

it("fetches from a host on the list", async () => {
  const allowed = [`localhost:${String(port)}`];
  const hosts = createImageHosts({ allowed, maxBytes: 1000, mayBePrivate: true });
  expect(await (await hosts.fetch(at("/image"), signal)).text()).toBe("image");
});

it.each([
  ["another port of a host on the list", "http://localhost:1/image", /cannot be fetched/],
  ["a host that is not on the list", "http://127.0.0.1/image", /cannot be fetched/],
  ["a redirect", "/moved", /status 302/],
  ["what is too large", "/large", /too large/],
])("refuses %s", async (_, address, message) => {
  const allowed = [`localhost:${String(port)}`];
  const hosts = createImageHosts({ allowed, maxBytes: 1000, mayBePrivate: true });
  const url = address.startsWith("/") ? at(address) : address;
  await expect(hosts.fetch(url, signal)).rejects.toThrow(message);
});

it.each(["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"])(
  "asks nobody at %s, also if it is on the list",
  async (host) => {
    asked.length = 0;
    const allowed = [new URL(at("/image", host)).host];
    const hosts = createImageHosts({ allowed, maxBytes: 1000 });
    await expect(hosts.fetch(at("/image", host), signal)).rejects.toThrow("is not public");
    expect(asked).toEqual([]);
  },
);
