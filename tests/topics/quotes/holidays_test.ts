/** The calendars that the exchanges have published. */
import { assertEquals } from "@std/assert";
import { HOUR_MS } from "../../../lib/core/time.ts";
import {
  currencyRules,
  euronextRules,
  frankfurtRules,
  futuresRules,
  type HolidayRules,
  londonRules,
  stockRules,
  sydneyRules,
  torontoRules,
  zurichRules,
} from "../../../lib/topics/quotes/holidays.ts";

/** Lists the special days of three years, such as `2026-11-27 13`: the hour of an early close, or nothing. */
function listDays(rules: HolidayRules, isListed: (hour: number | null) => boolean): string[] {
  return [2026, 2027, 2028].flatMap((year) =>
    [...rules(year)].toSorted(([a], [b]) => a - b).flatMap(([day, special]) => {
      const hour = special === "closed" ? null : special / HOUR_MS;
      const date = new Date(day).toISOString().slice(0, 10);
      return isListed(hour) ? [hour === null ? date : `${date} ${hour}`] : [];
    })
  );
}

Deno.test("NYSE and Nasdaq rest on the days of their published calendars of 2026 to 2028", () => {
  assertEquals(listDays(stockRules, (hour) => hour === null), [
    ...["2026-01-01", "2026-01-19", "2026-02-16", "2026-04-03", "2026-05-25", "2026-06-19"],
    ...["2026-07-03", "2026-09-07", "2026-11-26", "2026-12-25"],
    ...["2027-01-01", "2027-01-18", "2027-02-15", "2027-03-26", "2027-05-31", "2027-06-18"],
    ...["2027-07-05", "2027-09-06", "2027-11-25", "2027-12-24"],
    ...["2028-01-17", "2028-02-21", "2028-04-14", "2028-05-29", "2028-06-19"],
    ...["2028-07-04", "2028-09-04", "2028-11-23", "2028-12-25"],
  ]);
});

Deno.test("NYSE and Nasdaq close early on the days of their published calendars of 2026 to 2028", () => {
  assertEquals(listDays(stockRules, (hour) => hour !== null), [
    ...["2026-11-27 13", "2026-12-24 13", "2027-11-26 13", "2028-07-03 13", "2028-11-24 13"],
  ]);
});

Deno.test("CME rests on three days of a year, and stops early on the other holidays of stock exchanges", () => {
  assertEquals(listDays(futuresRules, (hour) => hour === null), [
    ...["2026-01-01", "2026-04-03", "2026-12-25", "2027-01-01", "2027-03-26", "2027-12-24"],
    ...["2028-04-14", "2028-12-25"],
  ]);
  assertEquals(listDays(futuresRules, (hour) => hour === 13.75), [
    ...["2026-11-27 13.75", "2026-12-24 13.75", "2027-11-26 13.75", "2028-11-24 13.75"],
  ]);
  assertEquals(listDays(futuresRules, (hour) => hour === 14.5).slice(0, 7), [
    ...["2026-01-19 14.5", "2026-02-16 14.5", "2026-05-25 14.5", "2026-06-19 14.5"],
    ...["2026-07-03 14.5", "2026-09-07 14.5", "2026-11-26 14.5"],
  ]);
});

Deno.test("currencies rest on Christmas and New Year", () => {
  assertEquals(listDays(currencyRules, () => true), [
    ...["2026-01-01", "2026-12-25", "2027-01-01", "2028-12-25"],
  ]);
});

Deno.test("London rests on bank holidays, moved from weekends, and closes at 12:30 before Christmas and New Year", () => {
  assertEquals(listDays(londonRules, (hour) => hour === null), [
    ...["2026-01-01", "2026-04-03", "2026-04-06", "2026-05-04", "2026-05-25", "2026-08-31"],
    ...["2026-12-25", "2026-12-28"],
    ...["2027-01-01", "2027-03-26", "2027-03-29", "2027-05-03", "2027-05-31", "2027-08-30"],
    ...["2027-12-27", "2027-12-28"],
    ...["2028-01-03", "2028-04-14", "2028-04-17", "2028-05-01", "2028-05-29", "2028-08-28"],
    ...["2028-12-25", "2028-12-26"],
  ]);
  assertEquals(listDays(londonRules, (hour) => hour !== null), [
    ...["2026-12-24 12.5", "2026-12-31 12.5", "2027-12-24 12.5", "2027-12-31 12.5"],
    ...["2028-12-22 12.5", "2028-12-29 12.5"],
  ]);
});

Deno.test("Frankfurt, Paris and Zurich rest on Easter and May Day, and treat the last days of a year differently", () => {
  const in2026 = (rules: HolidayRules, isListed: (hour: number | null) => boolean) =>
    listDays(rules, isListed).filter((day) => day.startsWith("2026"));
  assertEquals(in2026(frankfurtRules, (hour) => hour === null), [
    ...["2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01"],
    ...["2026-12-24", "2026-12-25", "2026-12-31"],
  ]);
  assertEquals(in2026(frankfurtRules, (hour) => hour !== null), ["2026-12-30 14"]);
  assertEquals(in2026(euronextRules, (hour) => hour === null), [
    ...["2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2026-12-25"],
  ]);
  assertEquals(in2026(euronextRules, (hour) => hour !== null).length, 2);
  assertEquals(in2026(zurichRules, (hour) => hour === null), [
    ...["2026-01-01", "2026-01-02", "2026-04-03", "2026-04-06", "2026-05-01", "2026-05-14"],
    ...["2026-05-25", "2026-12-24", "2026-12-25", "2026-12-31"],
  ]);
});

Deno.test("Toronto and Sydney rest on their own holidays", () => {
  assertEquals(listDays(torontoRules, (hour) => hour === null).slice(0, 10), [
    ...["2026-01-01", "2026-02-16", "2026-04-03", "2026-05-18", "2026-07-01", "2026-08-03"],
    ...["2026-09-07", "2026-10-12", "2026-12-25", "2026-12-28"],
  ]);
  assertEquals(listDays(sydneyRules, (hour) => hour === null).slice(0, 7), [
    ...["2026-01-01", "2026-01-26", "2026-04-03", "2026-04-06", "2026-06-08", "2026-12-25"],
    ...["2026-12-28"],
  ]);
});
