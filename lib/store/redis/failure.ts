/**
 * What goes wrong on the way to Redis, in words for the operator.
 *
 * @module
 */
import { errors } from "@upstash/redis";
import { StoreUnavailable } from "../errors.ts";

/** A call that failed. Its cause may hold what was sent, so it is for debuggers, never for logs. */
export class RedisFailure extends StoreUnavailable {
  /** For the operator: never what was sent, and no token. */
  readonly reason: string;
  /** True where no answer came: what was asked for may have been done. */
  readonly isUnknown: boolean;

  constructor(reason: string, isUnknown: boolean, cause?: unknown) {
    super(cause);
    this.reason = reason;
    this.isUnknown = isUnknown;
  }
}

/** What the client adds to an error of the database's: all that was sent. */
const ECHO = /, command was: .*$/s;

/** Makes a failure of whatever a call threw. */
export function toRedisFailure(thrown: unknown): RedisFailure {
  if (thrown instanceof RedisFailure) return thrown;
  if (thrown instanceof errors.UpstashJSONParseError) {
    return new RedisFailure("it answered with no JSON", false, thrown);
  }
  if (thrown instanceof errors.UpstashError) {
    return new RedisFailure(databaseMessage(thrown), false, thrown);
  }
  return new RedisFailure("the connection failed", true, thrown);
}

/** What the database said, cut short. */
function databaseMessage({ message }: Error): string {
  return message.replace(ECHO, "").slice(0, 200);
}

/** Whether the database does not know a script: after a restart, or the first time. */
export function isUnknownScript(thrown: unknown): boolean {
  return thrown instanceof errors.UpstashError && databaseMessage(thrown).startsWith("NOSCRIPT");
}
