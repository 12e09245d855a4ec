/**
 * What can go wrong on the way to Upstash, at will.
 *
 * @module
 */
import { z } from "zod";
import { BadRequest } from "./commands.ts";

/** How a request is refused before it does anything: a proxy's page, a spent quota, a cut connection. */
export type RefusalKind = "html" | "quota" | "close";

/** Which replies are lost, and where on the way. */
export interface LostReplies {
  /** Names of commands; without them any will do. A pipeline is lost as a whole if one of its commands fits. */
  readonly commands?: readonly string[];
  /**
   * `body`, if nothing is said: the connection ends within the answer. Nobody repeats the command, so that its
   * outcome is not known. `head`: it ends before anything was answered. Then the SDK repeats the command as often
   * as its `retries` say, and beneath it Deno's `fetch` by itself, once, if the connection was not a new one
   * (seen with Deno 2.9.6, POST as GET): the command is executed twice, and nobody hears of it.
   */
  readonly at?: "body" | "head";
}

/** Faults, as tests ask for them. */
export interface Faults {
  /** Ends all subscriptions as the service would, and gives how many. */
  endSubscriptions(): number;
  /** Cuts the connections of all subscriptions, and gives how many. */
  breakSubscriptions(): number;
  /** On: subscriptions stay open and nothing is forwarded, as on a connection that is half open. */
  muteSubscriptions(on: boolean): void;
  /** The next `count` replies that fit are lost after their commands were executed. 0 takes it back. */
  loseReplies(count: number, options?: LostReplies): void;
  /** Every request waits so long before it is executed. 0 takes it back. */
  delay(ms: number): void;
  /** Refuses every request and executes nothing. Null takes it back. A cut connection may make `fetch` ask twice. */
  refuse(kind: RefusalKind | null): void;
}

/** How often faults really bit. */
export interface FaultCounts {
  /** Subscriptions that were ended by a fault. */
  readonly ended: number;
  /** Subscriptions that were cut by a fault. */
  readonly broken: number;
  /** Messages that were not forwarded, for each subscription that should have had them. */
  readonly mutedMessages: number;
  /** Requests that were executed and not answered. */
  readonly lostReplies: number;
  /** Requests that had to wait. */
  readonly delayed: number;
  /** Requests that were refused. */
  readonly refused: number;
}

/** The body of `POST /_faults`: the methods of `Faults`, by name. */
const ORDER = z.strictObject({
  endSubscriptions: z.literal(true),
  breakSubscriptions: z.literal(true),
  muteSubscriptions: z.boolean(),
  loseReplies: z.strictObject({
    count: z.int().nonnegative(),
    commands: z.array(z.string()).default([]),
    at: z.enum(["body", "head"]).default("body"),
  }),
  delay: z.number().nonnegative(),
  refuse: z.enum(["html", "quota", "close"]).nullable(),
}).partial();

/**
 * Does what another process asks for by HTTP.
 *
 * @throws {BadRequest} If it asks for what there is not. Then nothing is done.
 */
export function applyFaults(faults: Faults, order: unknown): void {
  const parsed = ORDER.safeParse(order);
  if (!parsed.success) throw new BadRequest(z.prettifyError(parsed.error));
  const { endSubscriptions, breakSubscriptions, muteSubscriptions, loseReplies, delay, refuse } =
    parsed.data;
  if (endSubscriptions) faults.endSubscriptions();
  if (breakSubscriptions) faults.breakSubscriptions();
  if (muteSubscriptions !== undefined) faults.muteSubscriptions(muteSubscriptions);
  if (loseReplies !== undefined) faults.loseReplies(loseReplies.count, loseReplies);
  if (delay !== undefined) faults.delay(delay);
  if (refuse !== undefined) faults.refuse(refuse);
}

/** The faults of commands: what the door asks before and after it lets one through. */
export interface CommandFaults
  extends Pick<Faults, "loseReplies" | "delay" | "refuse">, Disposable {
  /** How this request is refused, or null. */
  refusal(): RefusalKind | null;
  /** Waits as long as a request has to. */
  wait(): Promise<void>;
  /** Where the reply to these commands is lost, or null. */
  loss(names: readonly string[]): "head" | "body" | null;
  counts(): Pick<FaultCounts, "lostReplies" | "delayed" | "refused">;
}

/** Creates the faults of commands, all of them off. */
export function createCommandFaults(): CommandFaults {
  const counts = { lostReplies: 0, delayed: 0, refused: 0 };
  const waits = new Set<() => void>();
  let delayMs = 0;
  let kind: RefusalKind | null = null;
  let left = 0;
  let losing: Required<LostReplies> = { commands: [], at: "body" };

  return {
    loseReplies(count, { commands = [], at = "body" } = {}) {
      left = count;
      losing = { commands: commands.map((each) => each.toUpperCase()), at };
    },
    delay(ms) {
      delayMs = ms;
    },
    refuse(next) {
      kind = next;
    },
    refusal() {
      if (kind !== null) counts.refused++;
      return kind;
    },
    async wait() {
      if (delayMs === 0) return;
      counts.delayed++;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, delayMs);
      waits.add(resolve);
      await promise;
      clearTimeout(timer);
      waits.delete(resolve);
    },
    loss(names) {
      const { commands, at } = losing;
      const fits = commands.length === 0 || names.some((each) => commands.includes(each));
      if (left === 0 || !fits) return null;
      left--;
      counts.lostReplies++;
      return at;
    },
    counts: () => ({ ...counts }),
    [Symbol.dispose]() {
      for (const end of waits) end();
    },
  };
}
