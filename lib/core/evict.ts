/**
 * Lists that lose their oldest items.
 *
 * @module
 */

/**
 * Takes the first items off a list, as long as they are to go.
 *
 * One goes by `shift()`, which of short lists moves nothing; several go together, since each `shift()` of a list of more
 * than some 16,000 moves all of it (measured: 50,000 one by one took 1.6 s, together 5 ms).
 *
 * @param isToGo Is told how many there are still, with this one.
 * @param onGone Is called before the next one is judged.
 */
export function evictOldest<Item>(
  list: Item[],
  isToGo: (oldest: Item, left: number) => boolean,
  onGone: (item: Item) => void,
): void {
  let count = 0;
  for (const item of list) {
    if (!isToGo(item, list.length - count)) break;
    onGone(item);
    count++;
  }
  if (count === 1) list.shift();
  else if (count > 1) list.splice(0, count);
}
