/**
 * Eviction of the oldest items of a list.
 *
 * @module
 */

/**
 * Evicts the oldest items of a list until one may stay.
 *
 * A single item is removed by `shift()`, which moves nothing in a short list. Several are removed together, because each
 * `shift()` of a list of more than some 16,000 items moves all of them (measured: 50,000 one by one took 1.6 s, together
 * 5 ms).
 *
 * @param isExcess Decides on the oldest item. `left` is the number of items that are left, this one included.
 * @param onEvict Is called before the decision on the next item.
 */
export function evictOldest<Item>(
  list: Item[],
  isExcess: (oldest: Item, left: number) => boolean,
  onEvict: (item: Item) => void,
): void {
  let count = 0;
  for (const item of list) {
    if (!isExcess(item, list.length - count)) break;
    onEvict(item);
    count++;
  }
  if (count === 1) list.shift();
  else if (count > 1) list.splice(0, count);
}
