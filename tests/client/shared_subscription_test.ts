import { assertEquals } from "@std/assert";
import type { ConnectionState, LiveConnection, LiveEvent } from "../../lib/client/client/types.js";
import { createSharedSubscription } from "../../lib/client/ticker/shared_subscription.js";

const LIVE: ConnectionState = {
  kind: "live",
  transport: "eventsource",
  reason: "",
  nextTryAt: null,
  failures: 0,
  lagMs: 0,
  isShared: false,
};

/** Creates a subscription whose feeds and deferred tasks the test controls. */
function startSubscription() {
  const opened: string[] = [];
  const closed: string[] = [];
  let due: (() => void)[] = [];
  let isClosed = false;
  let emit = (_: LiveEvent) => {};
  let setState = (_: ConnectionState) => {};

  function open(symbols: readonly string[]): LiveConnection {
    const name = symbols.join();
    opened.push(name);
    return {
      subscribe: (listener) => (emit = listener, () => {}),
      onState: (listener) => (setState = listener, () => {}),
      state: () => LIVE,
      cursor: () => "",
      reconnect() {},
      setUrl() {},
      close: () => void closed.push(name),
    };
  }
  const later = (run: () => void) => void due.push(run);
  const subscription = createSharedSubscription({
    open,
    batch: later,
    defer: later,
    report(error) {
      throw error;
    },
    onClose: () => void (isClosed = true),
  });
  return {
    subscription,
    opened,
    closed,
    isClosed: () => isClosed,
    emit: (event: LiveEvent) => emit(event),
    setState: (state: ConnectionState) => setState(state),
    pass() {
      const now = due;
      due = [];
      for (const run of now) run();
    },
  };
}

const nothing = () => {};

Deno.test("createSharedSubscription() follows the union of all symbols, and reconnects for further ones", () => {
  const { subscription, opened, closed, pass } = startSubscription();
  subscription.join(["BTC-USD"], nothing);
  subscription.join(["XAU-USD", "BTC-USD"], nothing);
  pass();
  subscription.join(["XAU-USD"], nothing);
  pass();
  assertEquals([opened, closed], [["BTC-USD,XAU-USD"], []]);
  subscription.join(["WTI"], nothing);
  pass();
  assertEquals([opened.slice(1), closed], [["BTC-USD,WTI,XAU-USD"], ["BTC-USD,XAU-USD"]]);
});

Deno.test("createSharedSubscription() follows all symbols if a ticker does, or if they are more than a stream accepts", () => {
  const all = startSubscription();
  all.subscription.join(["BTC-USD"], nothing);
  all.subscription.join([], nothing);
  all.pass();
  assertEquals(all.opened, [""]);

  const many = startSubscription();
  const symbols = Array.from({ length: 100 }, (_, n) => `S${n}`);
  const leave = many.subscription.join(symbols, nothing);
  many.pass();
  assertEquals(many.opened, [symbols.toSorted().join()]);
  leave();
  many.subscription.join([...symbols, "S100"], nothing);
  many.pass();
  assertEquals(many.opened.slice(1), [""]);
});

Deno.test("createSharedSubscription() follows all symbols if one is refused, and stays stopped if that is refused too", () => {
  const { subscription, opened, setState, pass } = startSubscription();
  subscription.join(["NOPE"], nothing);
  pass();
  setState({ ...LIVE, kind: "stopped" });
  assertEquals(opened, ["NOPE", ""]);
  setState({ ...LIVE, kind: "stopped" });
  assertEquals([opened.length, subscription.state().kind], [2, "stopped"]);
});

Deno.test("createSharedSubscription() closes after the last ticker has left, not while one replaces another", () => {
  const { subscription, closed, isClosed, pass } = startSubscription();
  const leave = subscription.join(["WTI"], nothing);
  pass();
  leave();
  const leaveAgain = subscription.join(["WTI"], nothing);
  pass();
  assertEquals([closed, isClosed()], [[], false]);
  leaveAgain();
  pass();
  assertEquals([closed, isClosed()], [["WTI"], true]);
});

Deno.test("createSharedSubscription() publishes several changes once, and none to a ticker that has left", () => {
  const { subscription, emit, pass } = startSubscription();
  let changes = 0;
  const leave = subscription.join(["WTI"], () => changes++);
  pass();
  pass();
  changes = 0;
  const data = { symbol: "WTI", price: "66.65", received_at: "2026-03-05T14:00:00.000Z" };
  assertEquals(subscription.data().hasSnapshot, false);
  emit({ type: "snapshot", data: { quotes: [data], status: [] }, id: "1-0" });
  emit({ type: "quote", data: { ...data, price: "66.66" }, id: "2-0" });
  pass();
  assertEquals([changes, subscription.data().hasSnapshot], [1, true]);
  assertEquals(subscription.data().quotes["WTI"]?.price, "66.66");
  emit({ type: "quote", data: { ...data, price: "66.67" }, id: "3-0" });
  leave();
  pass();
  assertEquals(changes, 1);
});
