/**
 * Dialects: the protocols of chat clients, in which a run is encoded.
 *
 * @module
 */
import type { ChatPart, RunEnd } from "./part.ts";

/** The names of a run that dialects send. */
export interface RunInfo {
  readonly runId: string;
  /** The client's name of the conversation. */
  readonly chatId: string;
  /** The client's own id of the run, if its protocol has one. */
  readonly clientRunId?: string;
  /** The encoded parts of the message that the run continues, for clients that no longer have them. */
  readonly continued?: readonly string[];
  /** The model's name, as clients see it. */
  readonly model: string;
  /** Wall time in milliseconds since the Unix epoch. */
  readonly createdAt: number;
}

/** Encodes one run. Each text is the data of one frame, without a line break. */
export interface DialectEncoder {
  /** Encodes parts that follow the parts before. The first call begins the answer, even without a part. */
  encode(parts: readonly ChatPart[]): readonly string[];
  /** Encodes the end of the run, after the last parts. */
  end(end: RunEnd): readonly string[];
}

/** A protocol of chat clients. */
export interface Dialect {
  readonly name: string;
  /** The headers of its streams, beside those of every event stream. */
  readonly headers: Readonly<Record<string, string>>;
  createEncoder(run: RunInfo): DialectEncoder;
}
