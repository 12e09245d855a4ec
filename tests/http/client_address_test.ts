import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import type { AppEnv, Connection } from "../../lib/http/app_env.ts";
import { clientKey } from "../../lib/http/client_address.ts";

const HEADER = "x-real-ip";

/** Returns the key under which limits count a request. */
async function keyOf(
  connection: Connection | undefined,
  { trusted, value }: { readonly trusted?: string; readonly value?: string } = {},
): Promise<string> {
  const app = new Hono<AppEnv>().get("/", (c) => c.text(clientKey(c, trusted)));
  const headers = value === undefined ? {} : { [HEADER]: value };
  return await (await app.request("/", { headers }, connection)).text();
}

const from = (hostname: string) => ({ remoteAddr: { hostname } });

const KEYS: readonly (readonly [address: string, key: string])[] = [
  ["203.0.113.7", "203.0.113.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:0001:0002::6", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["2001:db8::", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["::1:2:3:4:5:6", "0:0:1:2::/64"],
  ["2001:db8:0:0:1::1", "2001:db8:0:0::/64"],
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["::FFFF:203.0.113.7", "203.0.113.7"],
  ["::ffff:cb00:7107", "203.0.113.7"],
  ["0:0:0:0:0:ffff:203.0.113.7", "203.0.113.7"],
];

for (const [address, key] of KEYS) {
  Deno.test(`clientKey() counts ${address} as ${key}`, async () => {
    assertEquals(await keyOf(from(address)), key);
    assertEquals(await keyOf(from("192.0.2.1"), { trusted: HEADER, value: address }), key);
  });
}

Deno.test("clientKey() trusts the last entry of the configured header, and no other header", async () => {
  const value = "198.51.100.1, 2001:db8:1:2::9";
  const key = (trusted?: string) =>
    keyOf(from("192.0.2.1"), { value, ...trusted ? { trusted } : {} });
  assertEquals(await key(HEADER), "2001:db8:1:2::/64");
  assertEquals(await key("cf-connecting-ip"), "192.0.2.1");
  assertEquals(await key(), "192.0.2.1");
});

Deno.test("clientKey() falls back to the connection if the trusted header has no address", async () => {
  const keys = ["", "203.0.113.7,"].map((value) =>
    keyOf(from("192.0.2.1"), { trusted: HEADER, value })
  );
  assertEquals(await Promise.all(keys), ["192.0.2.1", "192.0.2.1"]);
});

Deno.test("clientKey() counts all clients as one if the connection is unknown", async () => {
  assertEquals([await keyOf(undefined), await keyOf({})], ["unknown", "unknown"]);
});
