import { assertEquals } from "@std/assert";
import type { ConnectionState, LiveEvent, LiveFeed } from "../../lib/client/client/types.js";
import { createSharedSubscription } from "../../lib/client/ticker/shared_subscription.js";

const LIVE: ConnectionState = {
  kind: "live",
  transport: "source",
  reason: "",
  nextTryAt: null,
  failures: 0,
  lagMs: 0,
  isShared: false,
};

/** A subscription whose feeds are ours, and whose time passes when it is told to. */
function startSubscription() {
  const asked: string[] = [];
  const closed: string[] = [];
  let due: (() => void)[] = [];
  let isClosed = false;
  let tell = (_: LiveEvent) => {};
  let setState = (_: ConnectionState) => {};

  function open(symbols: readonly string[]): LiveFeed {
    const name = symbols.join();
    asked.push(name);
    return {
      subscribe: (listener) => (tell = listener, () => {}),
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
    asked,
    closed,
    isClosed: () => isClosed,
    tell: (event: LiveEvent) => tell(event),
    setState: (state: ConnectionState) => setState(state),
    pass() {
      const now = due;
      due = [];
      for (const run of now) run();
    },
  };
}

const nothing = () => {};

Deno.test("createSharedSubscription() follows once what all want, and again where somebody wants more", () => {
  const { subscription, asked, closed, pass } = startSubscription();
  subscription.join(["BTC-USD"], nothing);
  subscription.join(["XAU-USD", "BTC-USD"], nothing);
  pass();
  subscription.join(["XAU-USD"], nothing);
  pass();
  assertEquals([asked, closed], [["BTC-USD,XAU-USD"], []]);
  subscription.join(["WTI"], nothing);
  pass();
  assertEquals([asked.slice(1), closed], [["BTC-USD,WTI,XAU-USD"], ["BTC-USD,XAU-USD"]]);
});

Deno.test("createSharedSubscription() follows all where somebody wants all, or more than a stream takes", () => {
  const all = startSubscription();
  all.subscription.join(["BTC-USD"], nothing);
  all.subscription.join([], nothing);
  all.pass();
  assertEquals(all.asked, [""]);

  const many = startSubscription();
  const symbols = Array.from({ length: 100 }, (_, n) => `S${n}`);
  const leave = many.subscription.join(symbols, nothing);
  many.pass();
  assertEquals(many.asked, [symbols.toSorted().join()]);
  leave();
  many.subscription.join([...symbols, "S100"], nothing);
  many.pass();
  assertEquals(many.asked.slice(1), [""]);
});

Deno.test("createSharedSubscription() follows all where names are refused, and stays where that is refused too", () => {
  const { subscription, asked, setState, pass } = startSubscription();
  subscription.join(["NOPE"], nothing);
  pass();
  setState({ ...LIVE, kind: "stopped" });
  assertEquals(asked, ["NOPE", ""]);
  setState({ ...LIVE, kind: "stopped" });
  assertEquals([asked.length, subscription.state().kind], [2, "stopped"]);
});

Deno.test("createSharedSubscription() closes when nobody follows any more, not while one leaves for another", () => {
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

Deno.test("createSharedSubscription() tells of many changes once, and of nothing after it was left", () => {
  const { subscription, tell, pass } = startSubscription();
  let told = 0;
  const leave = subscription.join(["WTI"], () => told++);
  pass();
  pass();
  told = 0;
  const data = { symbol: "WTI", price: "66.65", received_at: "2026-03-05T14:00:00.000Z" };
  assertEquals(subscription.data().hasSnapshot, false);
  tell({ type: "snapshot", data: { quotes: [data], status: [] }, id: "1-0" });
  tell({ type: "quote", data: { ...data, price: "66.66" }, id: "2-0" });
  pass();
  assertEquals([told, subscription.data().hasSnapshot], [1, true]);
  assertEquals(subscription.data().quotes["WTI"]?.price, "66.66");
  tell({ type: "quote", data: { ...data, price: "66.67" }, id: "3-0" });
  leave();
  pass();
  assertEquals(told, 1);
});
