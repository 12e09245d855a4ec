import { assertEquals } from "@std/assert";
import {
  Correction,
  Submission,
  toCorrectedFields,
  toIncomingSubmission,
} from "../../../lib/topics/news/submission.ts";
import { NOW } from "./support.ts";

const SUBMISSION = { title: "Gold slides", url: "https://desk.example/1", source: "desk" };

const BAD: readonly (readonly [changes: Readonly<Record<string, unknown>>, field: string])[] = [
  [{ title: "" }, "title"],
  [{ title: "<p></p>" }, "title"],
  [{ title: "x".repeat(1201) }, "title"],
  [{ url: "javascript:alert(1)" }, "url"],
  [{ url: "/relative" }, "url"],
  [{ source: "a,b" }, "source"],
  [{ source: "" }, "source"],
  [{ summary: "x".repeat(4001) }, "summary"],
  [{ published_at: "yesterday" }, "published_at"],
  [{ symbols: ["gold"] }, "symbols.0"],
  [{ guid: "" }, "guid"],
  [{ sources: [] }, ""],
];

for (const [changes, field] of BAD) {
  Deno.test(`Submission refuses ${JSON.stringify(changes).slice(0, 60)} and names "${field}"`, () => {
    const { error } = Submission.safeParse({ ...SUBMISSION, ...changes });
    assertEquals(error?.issues.map(({ path }) => path.join(".")), [field]);
  });
}

Deno.test("Submission accepts the required fields, and all fields", () => {
  const optionalFields = { summary: "", published_at: null, symbols: ["XAU-USD"], guid: "1" };
  assertEquals(Submission.safeParse(SUBMISSION).success, true);
  assertEquals(Submission.safeParse({ ...SUBMISSION, ...optionalFields }).success, true);
});

Deno.test("Correction accepts one field or more, and no unknown field", () => {
  assertEquals(Correction.safeParse({ title: "x" }).success, true);
  assertEquals(Correction.safeParse({}).success, false);
  assertEquals(Correction.safeParse({ source: "x" }).success, false);
});

Deno.test("toIncomingSubmission() cleans every field, the guid as that of a feed's item", () => {
  const { item, source, symbols } = toIncomingSubmission({
    title: "<b>Gold</b> slides",
    url: "https://Desk.example/1#top",
    source: "Desk",
    guid: " <i>1</i>\n",
    symbols: ["XAU-USD", "BTC-USD", "XAU-USD"],
  }, NOW);
  assertEquals([item.title, item.url, item.guid], [
    "Gold slides",
    "https://desk.example/1#top",
    "1",
  ]);
  assertEquals([source, symbols], ["desk", ["BTC-USD", "XAU-USD"]]);
});

Deno.test("toCorrectedFields() returns the fields that the correction has", () => {
  assertEquals(toCorrectedFields({ title: "Gold &amp; silver" }, NOW), { title: "Gold & silver" });
  assertEquals(toCorrectedFields({ published_at: null }, NOW), { published_at: null });
});
