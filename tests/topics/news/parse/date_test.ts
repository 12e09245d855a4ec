import { assertEquals } from "@std/assert";
import { parseDate } from "../../../../lib/topics/news/parse/date.ts";

const NOW = Date.UTC(2026, 9, 5, 18);

const DATES: Readonly<Record<string, string | null>> = {
  "Mon, 05 Oct 2026 13:55:10 GMT": "2026-10-05T13:55:10.000Z",
  "Mon, 5 Oct 2026 09:12 -0400": "2026-10-05T13:12:00.000Z",
  "Monday, 05 October 2026 13:55:10 EDT": "2026-10-05T17:55:10.000Z",
  "5 Oct 2026 9:05 +02:00": "2026-10-05T07:05:00.000Z",
  "05 Oct 2026": "2026-10-05T00:00:00.000Z",
  " 2026-10-05T11:59:00+02:00 ": "2026-10-05T09:59:00.000Z",
  "2026-10-05T11:59:00.123456Z": "2026-10-05T11:59:00.123Z",
  "2026-10-05 11:59": "2026-10-05T11:59:00.000Z",
  "2026-10-05": "2026-10-05T00:00:00.000Z",
  // A clock may be ten minutes ahead, not eleven.
  "2026-10-05T18:10:00Z": "2026-10-05T18:10:00.000Z",
  "2026-10-05T18:11:00Z": null,
  "not a date": null,
  "not a date 5": null,
  "Mon, 05 Oct 2026 13:55:10 XYZ": null,
  "31 Feb 2026 10:00 GMT": null,
  "2026-02-30T10:00:00Z": null,
  "2026-10-05T25:00:00Z": null,
  "Thu, 01 Jan 1970 00:00:00 GMT": null,
  "0001-01-01T00:00:00Z": null,
  "1791208510": null,
  "": null,
};

for (const [text, iso] of Object.entries(DATES)) {
  Deno.test(`parseDate() makes ${iso} of ${JSON.stringify(text)}`, () => {
    const ms = parseDate(text, NOW);
    assertEquals(ms === null ? null : new Date(ms).toISOString(), iso);
  });
}
