import { assertEquals, assertThrows } from "@std/assert";
import { createHistory } from "../../lib/client/client/history.js";

/** Creates a storage with a quota of characters. */
function createStorage(quota = Infinity) {
  const stored = new Map<string, string>();
  return {
    stored,
    getItem: (key: string) => stored.get(key) ?? null,
    setItem(key: string, text: string) {
      if (text.length > quota) throw new DOMException("full", "QuotaExceededError");
      stored.set(key, text);
    },
    removeItem: (key: string) => void stored.delete(key),
  };
}

function denyAccess(): never {
  throw new DOMException("Access is denied", "SecurityError");
}

Deno.test("createHistory() keeps a list for the next page and for other tabs", () => {
  const storage = createStorage();
  const first = createHistory<string>(() => storage, "chat");
  const second = createHistory<string>(() => storage, "chat");
  first.add("a");
  second.add("b");
  assertEquals(first.list(), ["a", "b"]);
  first.clear();
  assertEquals([first.list(), second.list()], [[], []]);
  assertEquals(storage.stored.size, 0);
});

Deno.test("createHistory() evicts the oldest items of a full storage, never the newest", () => {
  const storage = createStorage(100);
  const history = createHistory<number>(() => storage, "chat");
  for (let number = 100; number < 200; number++) {
    const list = history.add(number);
    assertEquals(list.at(-1), number);
    assertEquals(list, createHistory(() => storage, "chat").list());
  }
  assertEquals(history.list().length > 15, true, "too many items are evicted");
});

Deno.test("createHistory() keeps an item in memory that is too large for the storage, and persists the next one", () => {
  const storage = createStorage(20);
  const history = createHistory<string>(() => storage, "chat");
  history.add("before");
  const large = "x".repeat(30);
  assertEquals(history.add(large), ["before", large]);
  assertEquals(history.list(), ["before", large]);
  assertEquals(history.add("after"), ["after"]);
  assertEquals(createHistory(() => storage, "chat").list(), ["after"]);
});

for (const stored of [`["cut`, `{"a":1}`, "null", "", "7"]) {
  Deno.test(`createHistory() starts an empty list if the storage holds ${JSON.stringify(stored)}`, () => {
    const storage = createStorage();
    storage.stored.set("chat", stored);
    const history = createHistory<string>(() => storage, "chat");
    assertEquals(history.list(), []);
    assertEquals(history.add("a"), ["a"]);
    assertEquals(storage.stored.get("chat"), `["a"]`);
  });
}

const UNAVAILABLE = {
  "throws on access": denyAccess,
  "throws on every use": () => ({
    getItem: denyAccess,
    setItem: denyAccess,
    removeItem: denyAccess,
  }),
};

for (const [reason, storage] of Object.entries(UNAVAILABLE)) {
  Deno.test(`createHistory() lives as long as the page if the storage ${reason}`, () => {
    const history = createHistory<string>(storage, "chat");
    assertEquals(history.list(), []);
    history.add("a");
    assertEquals(history.add("b"), ["a", "b"]);
    assertEquals(history.list(), ["a", "b"]);
    history.clear();
    assertEquals(history.list(), []);
  });
}

Deno.test("createHistory() refuses an item that is not JSON, and drops it", () => {
  const storage = createStorage();
  const history = createHistory<unknown>(() => storage, "chat");
  assertThrows(() => history.add(1n), TypeError);
  assertEquals(history.add("a"), ["a"]);
});
