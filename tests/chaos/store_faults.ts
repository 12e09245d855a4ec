/**
 * Faults between the isolates and Redis, and of Redis itself.
 *
 * @module
 */
import { assert } from "@std/assert";
import { pause, until } from "../support/within.ts";
import { allSubscribed, type Fault, subscribed, sum } from "./scene.ts";

/** The subscriptions of both isolates are ended, or cut, again and again. */
export const subscriptionsCut: Fault = {
  name: "subscriptions cut",
  perSecond: 400,
  async inject({ fleet, random, acknowledged }) {
    const before = sum(fleet, subscribed);
    let [ended, broken] = [0, 0];
    for (let at = 100; at < 2000; at += 200) {
      await acknowledged(at);
      for (const { standIn: { faults } } of fleet.isolates) {
        if (random.chance(0.5)) ended += faults.endSubscriptions();
        else broken += faults.breakSubscriptions();
      }
    }
    await allSubscribed(fleet);
    const resubscribed = sum(fleet, subscribed) - before;
    assert(ended > 0 && broken > 0 && resubscribed >= ended + broken, "No subscription was cut");
    return { ended, broken, "subscribed again": resubscribed };
  },
};

/** Subscriptions stay open and deliver nothing: those of both for a moment, then one's until its watchdog ends it. */
export const subscriptionsMuted: Fault = {
  name: "subscriptions muted",
  perSecond: 60,
  async inject({ fleet, random, acknowledged }) {
    const muted = () => sum(fleet, ({ standIn }) => standIn.stats().mutedMessages);
    const before = muted();
    for (const at of [50, 150]) {
      await acknowledged(at);
      for (const { standIn } of fleet.isolates) standIn.faults.muteSubscriptions(true);
      await acknowledged(at + 50);
      for (const { standIn } of fleet.isolates) standIn.faults.muteSubscriptions(false);
    }
    const ofBoth = muted() - before;
    assert(ofBoth >= 200, `Only ${ofBoth} announcements were muted`);

    await allSubscribed(fleet);
    const isolate = fleet.isolates[random.below(2)] ?? fleet.isolates[0];
    const subscribedBefore = subscribed(isolate);
    const from = performance.now();
    isolate.standIn.faults.muteSubscriptions(true);
    const isEnded = () => isolate.standIn.stats().subscriptions === 0 || undefined;
    await until("the isolate to end its silent subscription", isEnded, {
      deadlineMs: 45_000,
      everyMs: 1,
    });
    // The next connection delivers again.
    isolate.standIn.faults.muteSubscriptions(false);
    const noticed = (performance.now() - from) / 1000;
    await allSubscribed(fleet);
    assert(subscribed(isolate) > subscribedBefore, "No isolate subscribed again");
    return { "announcements muted": muted() - before, "s until noticed": noticed };
  },
};

/** Replies of scripts are lost after they ran: one, or as many as a publication is tried. */
export const repliesLost: Fault = {
  name: "replies lost",
  perSecond: 300,
  async inject({ fleet, random, publisher, acknowledged }) {
    const lost = () => sum(fleet, ({ standIn }) => standIn.stats().lostReplies);
    const before = lost();
    const refusedBefore = publisher.counts.refused;
    for (let at = 50; at < 2000; at += 100) {
      await acknowledged(at);
      for (const { standIn } of fleet.isolates) {
        standIn.faults.loseReplies(random.chance(0.2) ? 60 : 1 + random.below(4), {
          commands: ["EVALSHA"],
          at: random.chance(0.5) ? "head" : "body",
        });
      }
    }
    await acknowledged(2000);
    for (const { standIn } of fleet.isolates) standIn.faults.loseReplies(0);
    const [losses, refused] = [lost() - before, publisher.counts.refused - refusedBefore];
    assert(losses >= 50, `Only ${losses} replies were lost`);
    assert(refused > 0, "No publication was refused");
    return { "replies lost": losses };
  },
};

/** redis-server is killed by SIGKILL and started again. */
export const redisKilled: Fault = {
  name: "redis-server killed",
  perSecond: 300,
  async inject({ fleet, random, publisher, acknowledged }) {
    const refusedBefore = publisher.counts.refused;
    const before = sum(fleet, subscribed);
    let downMs = 0;
    for (const at of [300, 900, 1500]) {
      await acknowledged(at);
      const from = performance.now();
      await fleet.redis.kill();
      await pause(200 + random.below(2500));
      await fleet.redis.restart();
      downMs += performance.now() - from;
    }
    await allSubscribed(fleet);
    const refused = publisher.counts.refused - refusedBefore;
    const resubscribed = sum(fleet, subscribed) - before;
    assert(refused > 0, "No publication was refused");
    assert(resubscribed >= 2, `Subscribed again only ${resubscribed} times`);
    return { "s down": downMs / 1000, "subscribed again": resubscribed };
  },
};

/** Redis answers late, within the deadline of a call and past it. A call that has timed out is executed all the same. */
export const redisSlow: Fault = {
  name: "Redis slow",
  perSecond: 300,
  async inject({ fleet, random, publisher, acknowledged }) {
    const delayed = () => sum(fleet, ({ standIn }) => standIn.stats().delayed);
    const setDelay = (ms: number) =>
      fleet.isolates.forEach(({ standIn }) => standIn.faults.delay(ms));
    const before = delayed();
    const refusedBefore = publisher.counts.refused;
    await acknowledged(300);
    setDelay(150 + random.below(100));
    await acknowledged(800);
    setDelay(1200 + random.below(600));
    await pause(4000);
    setDelay(2200 + random.below(1000));
    await pause(8000);
    setDelay(0);
    await acknowledged(1500);
    const isolate = fleet.isolates[random.below(2)] ?? fleet.isolates[0];
    isolate.standIn.faults.delay(2500);
    await pause(3000);
    isolate.standIn.faults.delay(0);
    await allSubscribed(fleet);
    const refused = publisher.counts.refused - refusedBefore;
    assert(refused > 0, "No publication was refused");
    return { delayed: delayed() - before };
  },
};
