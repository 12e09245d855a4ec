/**
 * Runs the commands of a request: one, a pipeline, or a transaction.
 *
 * @module
 */
import { type Command, refusalOf, type RequestPlan } from "./commands.ts";
import { type CommandCounts, countsOf } from "./counts.ts";
import type { RedisClient } from "./redis_client.ts";
import { type Answer, answerOf } from "./replies.ts";
import { isFailure } from "./resp.ts";
import { createScripts } from "./scripts.ts";

/** A status of HTTP, and the JSON under it. */
export interface Outcome {
  readonly status: number;
  readonly body: Answer | readonly Answer[];
}

/** Runs commands and counts them. */
export interface Executor {
  /** Runs the commands of a request. Strings in the answers are base64 if `isEncoded`. */
  run(plan: RequestPlan, isEncoded: boolean): Promise<Outcome>;
  /** Counts commands that are billed and run elsewhere. */
  bill(names: readonly string[]): void;
  /** Counts of the billed commands since the last `forget()`: one for each that was not refused. */
  billed(): CommandCounts;
  forget(): void;
}

function outcomeOf(answer: Answer): Outcome {
  return { status: "error" in answer ? 400 : 200, body: answer };
}

/** Creates an executor. Its counts are 0. */
export function createExecutor(redis: RedisClient): Executor {
  const scripts = createScripts();
  const counts = new Map<string, number>();

  function bill(names: readonly string[]): void {
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  }

  function adapt(commands: readonly Command[]) {
    bill(commands.map((each) => each.name));
    return commands.map((each) => scripts.adapt(each).args);
  }

  async function runOne(command: Command, isEncoded: boolean): Promise<Outcome> {
    const refusal = refusalOf(command);
    if (refusal !== undefined) return outcomeOf({ error: refusal });
    const [reply = null] = await redis.ask(adapt([command]));
    return outcomeOf(answerOf(reply, isEncoded));
  }

  /** A command that fails does not stop the others. */
  async function runPipeline(commands: readonly Command[], isEncoded: boolean): Promise<Outcome> {
    const refusals = commands.map(refusalOf);
    const taken = commands.filter((_, index) => refusals[index] === undefined);
    const replies = await redis.ask(adapt(taken));
    const body = refusals.map((error): Answer =>
      error === undefined ? answerOf(replies.shift() ?? null, isEncoded) : { error }
    );
    return { status: 200, body };
  }

  async function runTransaction(
    commands: readonly Command[],
    isEncoded: boolean,
  ): Promise<Outcome> {
    const refusal = commands.map(refusalOf).find((each) => each !== undefined);
    if (refusal !== undefined) return outcomeOf({ error: refusal });
    const replies = await redis.ask([["MULTI"], ...adapt(commands), ["EXEC"]]);
    const done = replies.at(-1);
    if (Array.isArray(done)) {
      return { status: 200, body: done.map((each) => answerOf(each, isEncoded)) };
    }
    // The error of a command that Redis did not queue explains more than the error of EXEC.
    const failure = replies.find(isFailure) ?? { failure: "ERR the transaction has no outcome" };
    return outcomeOf({ error: failure.failure });
  }

  return {
    async run({ kind, commands }, isEncoded) {
      if (kind === "pipeline") return await runPipeline(commands, isEncoded);
      if (kind === "transaction") return await runTransaction(commands, isEncoded);
      const [command] = commands;
      if (command === undefined) throw new RangeError("Cannot run a plan without commands");
      return await runOne(command, isEncoded);
    },
    bill,
    billed: () => countsOf(counts),
    forget: () => counts.clear(),
  };
}
