/**
 * The order of ids, written a second time: the server's own is not asked.
 *
 * @module
 */

/** Compares two values: negative if `a` comes before `b`, 0 if they are equal. */
export function compareIds(a: string, b: string): number {
  const [x, y] = [a.split("-").map(BigInt), b.split("-").map(BigInt)];
  const [ms, n] = [(x[0] ?? 0n) - (y[0] ?? 0n), (x[1] ?? 0n) - (y[1] ?? 0n)];
  return ms === 0n ? Number(n) : Number(ms);
}

/** Watches that ids never fall on one connection. */
export function createOrderWatch(): (id: string | null) => void {
  let last: string | undefined;
  return (id) => {
    if (id === null) return;
    if (last !== undefined && compareIds(id, last) < 0) {
      throw new Error(`The id fell from ${last} to ${id} on one connection`);
    }
    last = id;
  };
}
