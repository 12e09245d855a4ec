/**
 * Faults between a client and Upstash.
 *
 * @module
 */
import { z } from "zod";
import { BadRequest } from "./commands.ts";

/** The refusals of a request before its execution: a proxy's page, an exhausted quota, a cut connection. */
export type RefusalKind = "html" | "quota" | "close";

/** The replies that are lost, and where. */
export interface LostReplies {
  /** Names of commands, any by default. A pipeline is lost as a whole if one of its commands matches. */
  readonly commands?: readonly string[];
  /**
   * `body`, the default: the connection ends within the response. The command is not repeated, so its outcome is unknown.
   * `head`: the connection ends before the response. The SDK then repeats the command as often as its `retries` allow, and
   * Deno's `fetch` repeats it once more if the connection was not new (seen with Deno 2.9.6, POST as GET): the
   * command is executed twice without an error.
   */
  readonly at?: "body" | "head";
}

/** Faults that a test switches on. */
export interface Faults {
  /** Ends all subscriptions as the service would. @returns Their number. */
  endSubscriptions(): number;
  /** Cuts the connections of all subscriptions. @returns Their number. */
  breakSubscriptions(): number;
  /** Keeps subscriptions open and forwards nothing, as a half-open connection does. */
  muteSubscriptions(on: boolean): void;
  /** Loses the next `count` matching replies after the execution of their commands. 0 ends it. */
  loseReplies(count: number, options?: LostReplies): void;
  /** Delays the execution of every request. 0 ends it. */
  delay(ms: number): void;
  /** Refuses every request without executing it. Null ends it. After a cut connection `fetch` may repeat the request. */
  refuse(kind: RefusalKind | null): void;
}

/** Counts of the faults that took effect. */
export interface FaultCounts {
  /** Subscriptions that were ended by a fault. */
  readonly ended: number;
  /** Subscriptions that were cut by a fault. */
  readonly broken: number;
  /** Messages that were not forwarded, counted for each subscription. */
  readonly mutedMessages: number;
  /** Requests that were executed and not answered. */
  readonly lostReplies: number;
  /** Requests that were delayed. */
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
 * Sets the faults that another process requests over HTTP.
 *
 * @throws {BadRequest} If the body has an unknown form. Then no fault changes.
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

/** The faults of commands, which the REST server applies before and after their execution. */
export interface CommandFaults
  extends Pick<Faults, "loseReplies" | "delay" | "refuse">, Disposable {
  /** Returns the refusal of the current request, or null. */
  refusal(): RefusalKind | null;
  /** Waits for the delay of a request. */
  wait(): Promise<void>;
  /** Returns the point at which the reply to these commands is lost, or null. */
  loss(names: readonly string[]): "head" | "body" | null;
  counts(): Pick<FaultCounts, "lostReplies" | "delayed" | "refused">;
}

/** Creates the faults of commands. All are off. */
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
      losing = { commands: commands.map((name) => name.toUpperCase()), at };
    },
    delay(ms) {
      delayMs = ms;
    },
    refuse(newKind) {
      kind = newKind;
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
      const isMatch = commands.length === 0 || names.some((name) => commands.includes(name));
      if (left === 0 || !isMatch) return null;
      left--;
      counts.lostReplies++;
      return at;
    },
    counts: () => ({ ...counts }),
    [Symbol.dispose]() {
      for (const endWait of waits) endWait();
    },
  };
}
