/**
 * The parser's cases of web-platform-tests `eventsource/format-*`, as the bytes their server
 * sends (their `message.py` adds a blank line, or one line feed where the case wants none) and the events that a page receives.
 *
 * @module
 */
import type { Seen } from "./oracle.ts";

/** A stream, and the events that a page receives. */
export interface Vector {
  readonly name: string;
  readonly wire: string;
  readonly events: readonly Seen[];
  /** The last id, if it differs from the last event's. */
  readonly lastEventId?: string;
  readonly retry?: number;
}

function messages(...data: string[]): Seen[] {
  return data.map((lines) => ({ type: "message", data: lines, lastEventId: "" }));
}

const LONG = "x".repeat(2048);

/** The cases by file name. */
export const VECTORS: readonly Vector[] = [
  {
    name: "format-bom",
    wire: "\uFEFFdata:1\n\n\uFEFFdata:2\n\ndata:3\n\n\n",
    events: messages("1", "3"),
  },
  {
    name: "format-bom-2",
    wire: "\uFEFF\uFEFFdata:1\n\ndata:2\n\ndata:3\n\n\n",
    events: messages("2", "3"),
  },
  {
    name: "format-comments",
    wire: `data:1\r:\0\n:\r\ndata:2\n:${LONG}\rdata:3\n:data:fail\r:${LONG}\ndata:4\n\n`,
    events: messages("1\n2\n3\n4"),
  },
  {
    name: "format-data-before-final-empty-line",
    wire: "retry:1000\ndata:test1\n\nid:test\ndata:test2\n",
    events: messages("test1"),
    lastEventId: "",
    retry: 1000,
  },
  {
    name: "format-field-data",
    wire: "data:\n\ndata\ndata\n\ndata:test\n\n\n",
    events: messages("", "\n", "test"),
  },
  {
    name: "format-field-event",
    wire: "event:test\ndata:x\n\ndata:x\n\n\n",
    events: [{ type: "test", data: "x", lastEventId: "" }, ...messages("x")],
  },
  {
    name: "format-field-event-empty",
    wire: "event: \ndata:data\n\n\n",
    events: messages("data"),
  },
  {
    name: "format-field-id-3 persists",
    wire: "id: 1\ndata: 1\n\ndata:2\n\n",
    events: [
      { type: "message", data: "1", lastEventId: "1" },
      { type: "message", data: "2", lastEventId: "1" },
    ],
  },
  {
    name: "format-field-id-3 changes and persists",
    wire: "id: 1\ndata: 1\n\nid: 2\ndata:2\n\ndata:3\n\n",
    events: [
      { type: "message", data: "1", lastEventId: "1" },
      { type: "message", data: "2", lastEventId: "2" },
      { type: "message", data: "3", lastEventId: "2" },
    ],
  },
  {
    name: "format-field-id-3 resets",
    wire: "id: 1\ndata: 1\n\nid:\ndata:2\n\ndata:3\n\n",
    events: [
      { type: "message", data: "1", lastEventId: "1" },
      { type: "message", data: "2", lastEventId: "" },
      { type: "message", data: "3", lastEventId: "" },
    ],
  },
  {
    name: "format-field-id-null",
    wire: "id: \0\0\ndata:hello\n\n",
    events: messages("hello"),
  },
  {
    name: "format-field-parsing",
    wire:
      "data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n",
    events: messages("\0\n 2\n1\n3\n\n4"),
  },
  {
    name: "format-field-retry",
    wire: "retry:3000\ndata:x\n\n\n",
    events: messages("x"),
    retry: 3000,
  },
  {
    name: "format-field-retry-bogus",
    wire: "retry:2000\nretry:1000x\ndata:x\n\n\n",
    events: messages("x"),
    retry: 2000,
  },
  {
    name: "format-field-retry-empty",
    wire: "retry\ndata:test\n\n\n",
    events: messages("test"),
  },
  {
    name: "format-field-unknown",
    wire: "data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n\n",
    events: messages("test\n\ntest"),
  },
  {
    name: "format-leading-space",
    wire: "data:\ttest\rdata: \ndata:test\n\n\n",
    events: messages("\ttest\n\ntest"),
  },
  {
    name: "format-newlines",
    wire: "data:test\r\ndata\ndata:test\r\n\r\n",
    events: messages("test\n\ntest"),
  },
  { name: "format-null-character", wire: "data:\0\n\n\n\n", events: messages("\0") },
  { name: "format-utf-8", wire: "data:ok…\n\n\n", events: messages("ok…") },
];
