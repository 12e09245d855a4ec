/**
 * Which addresses belong to the public internet.
 *
 * @module
 */

/** The first 32 bits of a block, and how many of them count. */
type Block = readonly [bits: number, length: number];

/** What is not globally reachable, by IANA's IPv4 Special-Purpose Address Registry; multicast and reserved in the last. */
const SPECIAL_V4: readonly Block[] = [
  [0x00000000, 8], // 0.0.0.0/8, this network
  [0x0a000000, 8], // 10.0.0.0/8, private
  [0x64400000, 10], // 100.64.0.0/10, carriers
  [0x7f000000, 8], // 127.0.0.0/8, loopback
  [0xa9fe0000, 16], // 169.254.0.0/16, link-local, where clouds keep their credentials
  [0xac100000, 12], // 172.16.0.0/12, private
  [0xc0000000, 24], // 192.0.0.0/24, protocol assignments
  [0xc0000200, 24], // 192.0.2.0/24, documentation
  [0xc0586300, 24], // 192.88.99.0/24, 6to4 relays
  [0xc0a80000, 16], // 192.168.0.0/16, private
  [0xc6120000, 15], // 198.18.0.0/15, benchmarks
  [0xc6336400, 24], // 198.51.100.0/24, documentation
  [0xcb007100, 24], // 203.0.113.0/24, documentation
  [0xe0000000, 3], // 224.0.0.0/3
];

/** The one block of global unicast. Mapped and translated IPv4 lie outside, so they are refused whatever they hold. */
const GLOBAL_V6: Block = [0x20000000, 3];

/** What is not globally reachable in it, by IANA's IPv6 Special-Purpose Address Registry. */
const SPECIAL_V6: readonly Block[] = [
  [0x20010000, 23], // 2001::/23, protocol assignments, Teredo among them
  [0x20010db8, 32], // 2001:db8::/32, documentation
  [0x20020000, 16], // 2002::/16, 6to4
  [0x3fff0000, 20], // 3fff::/20, documentation
];

function isIn(bits: number, [block, length]: Block): boolean {
  return ((bits ^ block) >>> (32 - length)) === 0;
}

/** The bits of an IPv4 address, null where the text is none. */
function bitsOfV4(text: string): number | null {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) return null;
  const bytes = text.split(".").map(Number);
  return bytes.every((byte) => byte < 256)
    ? bytes.reduce((bits, byte) => bits << 8 | byte, 0)
    : null;
}

/** The first 32 bits of an IPv6 address, null where the text is none. */
function bitsOfV6(text: string): number | null {
  if (!/^[\da-f:.]+$/i.test(text) || URL.parse(`https://[${text}]`) === null) return null;
  const [first, second] = text.split(":").map((group) => parseInt(group || "0", 16));
  return (first ?? 0) << 16 | (second ?? 0);
}

/** Whether a text is written as an address rather than as a name. */
export function isAddress(text: string): boolean {
  return bitsOfV4(text) !== null || bitsOfV6(text) !== null;
}

/** Whether a text is an IPv4 or IPv6 address (without brackets) of the public internet. What is no address is not. */
export function isPublicAddress(text: string): boolean {
  const v4 = bitsOfV4(text);
  if (v4 !== null) return !SPECIAL_V4.some((block) => isIn(v4, block));
  const v6 = bitsOfV6(text);
  return v6 !== null && isIn(v6, GLOBAL_V6) && !SPECIAL_V6.some((block) => isIn(v6, block));
}
