/**
 * Runs: one answer of a model each, as a record that all isolates share, and as the events of its topic.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { toJson } from "../../core/json.ts";
import { defineTopic, type Opening, type Topic, type TopicAccess } from "../../core/topic.ts";
import { LEASE_MS } from "../../store/lease.ts";
import type { RunInfo } from "./dialect.ts";
import { ChatPart, FailureCode, FinishReason, type RunEnd, Usage } from "./part.ts";
import { mergeParts } from "./transcript.ts";

/** The first part of the names of the topics of runs and of chats. */
export const CHAT = "chat";

/** The longest run, in milliseconds. */
export const MAX_RUN_MS = 600_000;

/** The time after {@linkcode MAX_RUN_MS} in which its producer ends a run. After it any isolate does. */
const END_GRACE_MS = 60_000;

/** The end of a run, as its record stores it. */
const StoredEnd: z.ZodType<RunEnd> = z.discriminatedUnion("type", [
  z.object({ type: z.literal("done"), finishReason: FinishReason, usage: Usage.nullable() }),
  z.object({ type: z.literal("stopped") }),
  z.object({ type: z.literal("failed"), code: FailureCode, detail: z.string() }),
]);

/** A run, as it is stored. */
export const RunRecord = z.object({
  id: z.string(),
  /** The client's name of the conversation, which is unique among those of its owner. */
  chatId: z.string(),
  owner: z.string(),
  /** Identifies the caller whose open runs are bounded. */
  share: z.string(),
  clientRunId: z.string().optional(),
  /** The encoded parts of the message that it continues. */
  continued: z.array(z.string()).readonly().optional(),
  model: z.string(),
  /** Wall time in milliseconds since the Unix epoch. */
  createdAt: z.number(),
  /** Null while the run is open. */
  end: StoredEnd.nullable(),
});

/** A run, as it is stored. */
export type RunRecord = Readonly<z.infer<typeof RunRecord>>;

/** The end of a run whose producer is gone, or is about to go. */
export const INTERRUPTED: RunEnd = {
  type: "failed",
  code: "interrupted",
  detail: "The server was interrupted in the middle of the answer. Try again.",
};

const RunId = z.object({ run: z.string().meta({ description: "The id of the run." }) });

/** The data of a `part`. */
export const PartEvent = ChatPart.and(RunId);

const DoneEvent = RunId.extend({ finish_reason: FinishReason, usage: Usage.nullable() });

const FailedEvent = RunId.extend({ code: FailureCode, detail: z.string() });

const StoppedEvent = RunId;

/** Defines the topics of runs. */
export function defineRunTopic(access: TopicAccess): Topic {
  return defineTopic({
    name: CHAT,
    family: CHAT,
    metricKind: CHAT,
    kind: "log",
    events: { part: PartEvent, done: DoneEvent, failed: FailedEvent, stopped: StoppedEvent },
    terminalTypes: ["done", "failed", "stopped"],
    access,
    open: (events) => openRun(events),
    opensWhole: true,
  });
}

/** Returns the answer so far with its text as one part, and the end if there is one. */
function openRun(events: readonly Opening[]): Opening[] {
  const [first] = events;
  if (first === undefined) return []; // the log does not answer, or retains nothing
  const { run } = RunId.parse(JSON.parse(first.json));
  const parts = events.filter(({ type }) => type === "part");
  const ends = events.filter(({ type }) => type !== "part");
  const merged = mergeParts(parts.map(({ json }) => partOf(json)));
  const opened = merged.length > 0
    ? merged.map((part) => ({ type: "part", json: toJson({ run, ...part }) }))
    : parts.slice(0, 1);
  return [...opened, ...ends].map(({ type, json }) => ({ type, json }));
}

/** Returns the event of a part. */
export function partEvent(run: string, part: ChatPart) {
  return { type: "part", data: { run, ...part } };
}

/** Parses the data of a `part`. */
export function partOf(json: string): ChatPart {
  return ChatPart.parse(JSON.parse(json));
}

/** Returns the event of a run's newest step: the start of its answer, or its end. */
export function runEventOf({ id: run, end }: RunRecord) {
  switch (end?.type) {
    case undefined:
      return partEvent(run, { kind: "text", text: "" });
    case "done":
      return { type: end.type, data: { run, finish_reason: end.finishReason, usage: end.usage } };
    case "failed":
      return { type: end.type, data: { run, code: end.code, detail: end.detail } };
    case "stopped":
      return { type: end.type, data: { run } };
  }
}

/** Parses a terminal event. Returns null if the event is none. */
export function endOf(type: string, json: string): RunEnd | null {
  switch (type) {
    case "done": {
      const { finish_reason: finishReason, usage } = DoneEvent.parse(JSON.parse(json));
      return { type, finishReason, usage };
    }
    case "failed": {
      const { code, detail } = FailedEvent.parse(JSON.parse(json));
      return { type, code, detail };
    }
    case "stopped":
      return { type };
    default:
      return null;
  }
}

/** The outcomes of runs, as metrics name them: the types of ends, and of a failure its code. */
export const RUN_OUTCOMES = ["done", "stopped", ...FailureCode.options] as const;

/** Returns the outcome of a run. */
export function runOutcomeOf(end: RunEnd): typeof RUN_OUTCOMES[number] {
  return end.type === "failed" ? end.code : end.type;
}

/** Ends a run that is open. */
export function endRun(end: RunEnd): (record: RunRecord) => RunRecord {
  return (record) => record.end === null ? { ...record, end } : record;
}

/** Returns the wall time at which an open run has certainly lost its producer. */
export function runExpiresAt({ createdAt }: RunRecord): number {
  return createdAt + MAX_RUN_MS + END_GRACE_MS;
}

/** Returns the milliseconds for which a new run may not hold its lease yet, 0 afterwards. */
export function unleasedMsOf({ createdAt }: RunRecord, now: number): number {
  return Math.max(0, createdAt + LEASE_MS - now);
}

/** Ends a run whose time is over. */
export function applyRunTime(record: RunRecord, now: number): RunRecord {
  return now < runExpiresAt(record) ? record : endRun(INTERRUPTED)(record);
}

/** Returns the names of a run that dialects send. */
export function runInfoOf(
  { id, chatId, clientRunId, continued, model, createdAt }: RunRecord,
): RunInfo {
  return {
    runId: id,
    chatId,
    ...clientRunId === undefined ? {} : { clientRunId },
    ...continued === undefined ? {} : { continued },
    model,
    createdAt,
  };
}

/** Returns the name of the index of a caller's open runs. */
export function openIndexOf(share: string): string {
  return `runs:${share}`;
}

/** Returns a digest of a text, as short as a key needs. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/** Returns the key of the newest run of a chat. */
export function chatKey(owner: string, chatId: string): string {
  return `chat:${digestOf(JSON.stringify([owner, chatId]))}`;
}

/** Returns the key of the newest run that a client has given this id. */
export function clientRunKey(owner: string, clientRunId: string): string {
  return `client-run:${digestOf(JSON.stringify([owner, clientRunId]))}`;
}

/** Returns the idempotency key of a turn: the messages of a repeated request may differ. */
export function turnKey(owner: string, chatId: string, messageId: string) {
  return { key: `chat ${JSON.stringify([owner, chatId, messageId])}`, fingerprint: "" };
}
