/**
 * Runs before a script that is weighed: has V8 collect its garbage at every signal.
 *
 * @module
 */
import { COLLECT } from "./collecting.ts";

const collect: unknown = Reflect.get(globalThis, "gc");
if (typeof collect !== "function") throw new Error("V8 does not expose gc()");
Deno.addSignalListener(
  COLLECT,
  () => void collect({ type: "major", execution: "sync", flavor: "last-resort" }),
);
