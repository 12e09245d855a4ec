import { assertEquals } from "@std/assert";
import type { Feed, State, StreamEvent } from "../../lib/client/client/types.js";
import { createDesk } from "../../lib/client/ticker/shared_subscription.js";

const LIVE: State = {
  kind: "live",
  transport: "source",
  reason: "",
  nextTryAt: null,
  failures: 0,
  lagMs: 0,
  isShared: false,
};

/** A desk whose feeds are ours, and whose time passes when it is told to. */
function startDesk() {
  const asked: string[] = [];
  const closed: string[] = [];
  let due: (() => void)[] = [];
  let isClosed = false;
  let tell = (_: StreamEvent) => {};
  let setState = (_: State) => {};

  function open(symbols: readonly string[]): Feed {
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
  const desk = createDesk({
    open,
    batch: later,
    later,
    report(error) {
      throw error;
    },
    onClose: () => void (isClosed = true),
  });
  return {
    desk,
    asked,
    closed,
    isClosed: () => isClosed,
    tell: (event: StreamEvent) => tell(event),
    setState: (state: State) => setState(state),
    pass() {
      const now = due;
      due = [];
      for (const run of now) run();
    },
  };
}

const nothing = () => {};

Deno.test("desk follows once what all want, and again where somebody wants more", () => {
  const { desk, asked, closed, pass } = startDesk();
  desk.join(["BTC-USD"], nothing);
  desk.join(["XAU-USD", "BTC-USD"], nothing);
  pass();
  desk.join(["XAU-USD"], nothing);
  pass();
  assertEquals([asked, closed], [["BTC-USD,XAU-USD"], []]);
  desk.join(["WTI"], nothing);
  pass();
  assertEquals([asked.slice(1), closed], [["BTC-USD,WTI,XAU-USD"], ["BTC-USD,XAU-USD"]]);
});

Deno.test("desk follows all where somebody wants all, or more than a stream takes", () => {
  const all = startDesk();
  all.desk.join(["BTC-USD"], nothing);
  all.desk.join([], nothing);
  all.pass();
  assertEquals(all.asked, [""]);

  const many = startDesk();
  const symbols = Array.from({ length: 100 }, (_, n) => `S${n}`);
  const leave = many.desk.join(symbols, nothing);
  many.pass();
  assertEquals(many.asked, [symbols.toSorted().join()]);
  leave();
  many.desk.join([...symbols, "S100"], nothing);
  many.pass();
  assertEquals(many.asked.slice(1), [""]);
});

Deno.test("desk follows all where names are refused, and stays where that is refused too", () => {
  const { desk, asked, setState, pass } = startDesk();
  desk.join(["NOPE"], nothing);
  pass();
  setState({ ...LIVE, kind: "stopped" });
  assertEquals(asked, ["NOPE", ""]);
  setState({ ...LIVE, kind: "stopped" });
  assertEquals([asked.length, desk.state().kind], [2, "stopped"]);
});

Deno.test("desk closes when nobody follows any more, not while one leaves for another", () => {
  const { desk, closed, isClosed, pass } = startDesk();
  const leave = desk.join(["WTI"], nothing);
  pass();
  leave();
  const leaveAgain = desk.join(["WTI"], nothing);
  pass();
  assertEquals([closed, isClosed()], [[], false]);
  leaveAgain();
  pass();
  assertEquals([closed, isClosed()], [["WTI"], true]);
});

Deno.test("desk tells of many changes once, and of nothing after it was left", () => {
  const { desk, tell, pass } = startDesk();
  let told = 0;
  const leave = desk.join(["WTI"], () => told++);
  pass();
  pass();
  told = 0;
  const data = { symbol: "WTI", price: "66.65", received_at: "2026-03-05T14:00:00.000Z" };
  assertEquals(desk.market().hasSnapshot, false);
  tell({ type: "snapshot", data: { quotes: [data], status: [] }, id: "1-0" });
  tell({ type: "quote", data: { ...data, price: "66.66" }, id: "2-0" });
  pass();
  assertEquals([told, desk.market().hasSnapshot], [1, true]);
  assertEquals(desk.market().quotes["WTI"]?.price, "66.66");
  tell({ type: "quote", data: { ...data, price: "66.67" }, id: "3-0" });
  leave();
  pass();
  assertEquals(told, 1);
});
