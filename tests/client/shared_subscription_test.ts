import { assertEquals } from "@std/assert";
import { IDLE_STATE } from "../../lib/client/client/state.js";
import type { ConnectionState, LiveConnection, LiveEvent } from "../../lib/client/client/types.js";
import { createSharedSubscription } from "../../lib/client/ticker/shared_subscription.js";

const LIVE: ConnectionState = { ...IDLE_STATE, kind: "live", transport: "eventsource" };
const STOPPED: ConnectionState = { ...IDLE_STATE, kind: "stopped" };
/** The most symbols of a stream. */
const MAX_SYMBOLS = 100;

/** Creates a subscription whose feeds and deferred tasks the test controls. */
function startSubscription() {
  const opened: string[] = [];
  const closed: string[] = [];
  let tasks: (() => void)[] = [];
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
  const schedule = (task: () => void) => void tasks.push(task);
  const subscription = createSharedSubscription({
    open,
    batch: schedule,
    defer: schedule,
    report(error) {
      throw error;
    },
    onClose: () => void (isClosed = true),
  });
  return {
    subscription,
    /** The symbols of each opened connection, "" for all. */
    opened,
    /** The symbols of each closed connection. */
    closed,
    isClosed: () => isClosed,
    emit: (event: LiveEvent) => emit(event),
    setState: (state: ConnectionState) => setState(state),
    /** Runs the tasks that have been scheduled, but not those that they schedule. */
    runTasks() {
      const dueTasks = tasks;
      tasks = [];
      for (const task of dueTasks) task();
    },
  };
}

const ignoreChange = () => {};

Deno.test("createSharedSubscription() follows the union of all symbols, and reconnects for further ones", () => {
  const { subscription, opened, closed, runTasks } = startSubscription();
  subscription.join(["BTC-USD"], ignoreChange);
  subscription.join(["XAU-USD", "BTC-USD"], ignoreChange);
  runTasks();
  subscription.join(["XAU-USD"], ignoreChange);
  runTasks();
  assertEquals([opened, closed], [["BTC-USD,XAU-USD"], []]);
  subscription.join(["WTI"], ignoreChange);
  runTasks();
  assertEquals([opened.slice(1), closed], [["BTC-USD,WTI,XAU-USD"], ["BTC-USD,XAU-USD"]]);
});

Deno.test("createSharedSubscription() follows all symbols if a ticker does", () => {
  const { subscription, opened, runTasks } = startSubscription();
  subscription.join(["BTC-USD"], ignoreChange);
  subscription.join([], ignoreChange);
  runTasks();
  assertEquals(opened, [""]);
});

Deno.test("createSharedSubscription() follows all symbols if a stream does not accept as many", () => {
  const { subscription, opened, runTasks } = startSubscription();
  const symbols = Array.from({ length: MAX_SYMBOLS }, (_, n) => `S${n}`);
  const leave = subscription.join(symbols, ignoreChange);
  runTasks();
  assertEquals(opened, [symbols.toSorted().join()]);
  leave();
  subscription.join([...symbols, `S${MAX_SYMBOLS}`], ignoreChange);
  runTasks();
  assertEquals(opened.slice(1), [""]);
});

Deno.test("createSharedSubscription() follows all symbols if one is refused, and stays stopped if that is refused too", () => {
  const { subscription, opened, setState, runTasks } = startSubscription();
  subscription.join(["NOPE"], ignoreChange);
  runTasks();
  setState(STOPPED);
  assertEquals(opened, ["NOPE", ""]);
  setState(STOPPED);
  assertEquals([opened.length, subscription.state().kind], [2, "stopped"]);
});

Deno.test("createSharedSubscription() closes after the last ticker has left, not while one replaces another", () => {
  const { subscription, closed, isClosed, runTasks } = startSubscription();
  const leave = subscription.join(["WTI"], ignoreChange);
  runTasks();
  leave();
  const leaveAgain = subscription.join(["WTI"], ignoreChange);
  runTasks();
  assertEquals([closed, isClosed()], [[], false]);
  leaveAgain();
  runTasks();
  assertEquals([closed, isClosed()], [["WTI"], true]);
});

Deno.test("createSharedSubscription() publishes several changes once, and none to a ticker that has left", () => {
  const { subscription, emit, runTasks } = startSubscription();
  let changes = 0;
  const leave = subscription.join(["WTI"], () => changes++);
  runTasks();
  runTasks(); // The first run has scheduled the publication of the connection's state.
  changes = 0;
  const quote = { symbol: "WTI", price: "66.65", received_at: "2026-03-05T14:00:00.000Z" };
  assertEquals(subscription.data().hasSnapshot, false);
  emit({ type: "snapshot", data: { quotes: [quote], status: [] }, id: "1-0" });
  emit({ type: "quote", data: { ...quote, price: "66.66" }, id: "2-0" });
  runTasks();
  assertEquals([changes, subscription.data().hasSnapshot], [1, true]);
  assertEquals(subscription.data().quotes["WTI"]?.price, "66.66");
  emit({ type: "quote", data: { ...quote, price: "66.67" }, id: "3-0" });
  leave();
  runTasks();
  assertEquals(changes, 1);
});
