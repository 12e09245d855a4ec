import { assert, assertEquals } from "@std/assert";
import { createWatchdog, type Watchdog } from "../../../lib/store/redis/watchdog.ts";
import { createManualClock } from "../../support/manual_clock.ts";

/** Watches of one channel: what one beats, those that are not deaf hear. */
function createChannel(count: number) {
  const clock = createManualClock();
  const told = { beats: 0, silences: 0 };
  let isDeaf = false;
  const watches: Watchdog[] = Array.from(
    { length: count },
    (_, i) =>
      createWatchdog({ clock, random: () => (i + 1) / (count + 1) }, {
        ping() {
          told.beats++;
          if (!isDeaf) { for (const each of watches) each.heard(); }
          return Promise.resolve();
        },
        onSilence: () => told.silences++,
      }),
  );
  for (const each of watches) each.start();
  return { clock, watches, told, deafen: () => isDeaf = true };
}

Deno.test("createWatch() beats after 30 s of silence, one for all who listen", async () => {
  const { clock, watches, told } = createChannel(5);
  await clock.advance(30_000);
  assertEquals(told.beats, 0);
  await clock.advance(3000);
  assertEquals(told.beats, 1);
  await clock.advance(3_600_000);
  assert(told.beats > 100 && told.beats <= 120, `${told.beats}`);
  assertEquals(told.silences, 0);
  for (const each of watches) await each.stop();
  assertEquals(clock.timers, 0);
});

Deno.test("createWatch() beats no more where something is heard", async () => {
  const { clock, watches: [watch], told } = createChannel(1);
  assert(watch);
  for (let n = 0; n < 10; n++) {
    await clock.advance(29_000);
    watch.heard();
  }
  assertEquals(told.beats, 0);
  await watch.stop();
});

Deno.test("createWatch() tells of silence 5 s after a beat that was not heard", async () => {
  const { clock, watches: [watch], told, deafen } = createChannel(1);
  assert(watch);
  deafen();
  await clock.advance(31_500 + 4000);
  assertEquals(told, { beats: 1, silences: 0 });
  await clock.advance(1000);
  assertEquals(told, { beats: 1, silences: 1 });
  watch.start();
  await clock.advance(30_000);
  assertEquals(told, { beats: 1, silences: 1 });
  await watch.stop();
});
