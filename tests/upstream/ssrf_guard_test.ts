import { assertEquals } from "@std/assert";
import { isPublicAddress } from "../../lib/upstream/ssrf_guard.ts";

/** Addresses at the boundaries of blocks: the last one that is not public, and the first one after it. */
const PUBLIC = [
  "1.1.1.1",
  "9.255.255.255",
  "11.0.0.0",
  "100.63.255.255",
  "100.128.0.0",
  "126.255.255.255",
  "172.15.255.255",
  "172.32.0.0",
  "192.167.255.255",
  "198.17.255.255",
  "198.20.0.0",
  "223.255.255.255",
  "2001:200::1",
  "2606:4700:4700::1111",
  "2a00:1450:4001:830::200e",
];

const NOT_PUBLIC = [
  "0.0.0.0",
  "10.1.2.3",
  "100.64.0.1",
  "100.127.255.255",
  "127.0.0.1",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.8",
  "192.0.2.1",
  "192.88.99.1",
  "192.168.1.1",
  "198.18.0.1",
  "198.19.255.255",
  "198.51.100.7",
  "203.0.113.9",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "::ffff:8.8.8.8",
  "64:ff9b::7f00:1",
  "fc00::1",
  "fd12:3456::1",
  "fe80::1",
  "fe80::1%eth0",
  "ff02::1",
  "2001::1",
  "2001:db8::1",
  "2002:7f00:1::",
  "3fff::1",
  "1.256.1.1",
  "1.1.1",
  "2606::1]:80/[",
  "example.com",
  "",
];

Deno.test("isPublicAddress() accepts the public internet and nothing else", () => {
  for (const address of PUBLIC) assertEquals([address, isPublicAddress(address)], [address, true]);
  for (const address of NOT_PUBLIC) {
    assertEquals([address, isPublicAddress(address)], [address, false]);
  }
});
