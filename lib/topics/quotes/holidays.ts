/**
 * The holidays and early closes of US, European, Canadian and Australian markets, by rule.
 *
 * Rules: NYSE 7.2 (https://www.nyse.com/markets/hours-calendars, also Nasdaq's), CME Globex energy and metals
 * (https://www.cmegroup.com/trading-hours.html). Spot currencies rest on Christmas and New Year only.
 *
 * @module
 */
import { DAY_MS, HOUR_MS } from "../../core/time.ts";

/** A day with other hours: `closed`, or the time of an early close after local midnight, in ms. */
export type SpecialDay = "closed" | number;

/** Returns the special days of a year, by the local midnight as ms that read as UTC. */
export type HolidayRules = (year: number) => ReadonlyMap<number, SpecialDay>;

const SUNDAY = 0;
const MONDAY = 1;
const THURSDAY = 4;
const SATURDAY = 6;

const NYSE_EARLY_CLOSE_MS = 13 * HOUR_MS;
const CME_HOLIDAY_CLOSE_MS = 14.5 * HOUR_MS;
const CME_EARLY_CLOSE_MS = 13.75 * HOUR_MS;

function weekdayOf(day: number): number {
  return new Date(day).getUTCDay();
}

/** Returns the day of the nth weekday of a month, from 1. @param month From 1. */
function nthWeekday(year: number, month: number, weekday: number, nth: number): number {
  const first = Date.UTC(year, month - 1, 1);
  return first + ((weekday - weekdayOf(first) + 7) % 7 + 7 * (nth - 1)) * DAY_MS;
}

/** Returns Easter Sunday (the anonymous Gregorian algorithm of 1876). */
function easterSunday(year: number): number {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const d = Math.floor(b / 4);
  const g = Math.floor((8 * b + 13) / 25);
  const h = (19 * a + b - d - g + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - c % 4) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const days = h + l - 7 * m + 114;
  return Date.UTC(year, Math.floor(days / 31) - 1, days % 31 + 1);
}

/** Returns the day on which a holiday is observed: Friday for a Saturday, Monday for a Sunday. */
function observed(holiday: number): number {
  if (weekdayOf(holiday) === SATURDAY) return holiday - DAY_MS;
  return weekdayOf(holiday) === SUNDAY ? holiday + DAY_MS : holiday;
}

function isWeekday(day: number): boolean {
  return weekdayOf(day) !== SATURDAY && weekdayOf(day) !== SUNDAY;
}

/** The days on which all US markets rest. */
function restDays(year: number): number[] {
  const newYear = Date.UTC(year, 0, 1);
  return [
    // A Saturday is not observed on the last day of the year before, when books are closed.
    ...weekdayOf(newYear) === SATURDAY ? [] : [observed(newYear)],
    easterSunday(year) - 2 * DAY_MS,
    observed(Date.UTC(year, 11, 25)),
  ];
}

function thanksgiving(year: number): number {
  return nthWeekday(year, 11, THURSDAY, 4);
}

/** The days on which US stock exchanges rest and futures stop early. */
function stockHolidays(year: number): number[] {
  return [
    nthWeekday(year, 1, MONDAY, 3), // Martin Luther King Jr.
    nthWeekday(year, 2, MONDAY, 3), // Washington
    nthWeekday(year, 6, MONDAY, 1) - 7 * DAY_MS, // Memorial Day, the last Monday of May
    observed(Date.UTC(year, 5, 19)), // Juneteenth
    observed(Date.UTC(year, 6, 4)), // Independence Day
    nthWeekday(year, 9, MONDAY, 1), // Labor Day
    thanksgiving(year),
  ];
}

/** The days before or after a holiday on which markets close early. */
function shortDays(year: number): number[] {
  const christmasEve = Date.UTC(year, 11, 24);
  return [thanksgiving(year) + DAY_MS, christmasEve].filter(isWeekday);
}

/** The holidays of NYSE and Nasdaq. */
export function stockRules(year: number): ReadonlyMap<number, SpecialDay> {
  const dayBeforeIndependence = Date.UTC(year, 6, 3);
  const early = [
    ...shortDays(year),
    ...isWeekday(dayBeforeIndependence) ? [dayBeforeIndependence] : [],
  ];
  return new Map<number, SpecialDay>([
    ...early.map((day) => [day, NYSE_EARLY_CLOSE_MS] as const),
    // A holiday that is observed on such a day wins.
    ...[...restDays(year), ...stockHolidays(year)].map((day) => [day, "closed"] as const),
  ]);
}

/** The holidays of energy and metals at CME Globex. */
export function futuresRules(year: number): ReadonlyMap<number, SpecialDay> {
  return new Map<number, SpecialDay>([
    ...shortDays(year).map((day) => [day, CME_EARLY_CLOSE_MS] as const),
    ...stockHolidays(year).map((day) => [day, CME_HOLIDAY_CLOSE_MS] as const),
    ...restDays(year).map((day) => [day, "closed"] as const),
  ]);
}

/** The holidays of spot currencies. */
export function currencyRules(year: number): ReadonlyMap<number, SpecialDay> {
  const days = [Date.UTC(year, 0, 1), Date.UTC(year, 11, 25)].filter(isWeekday);
  return new Map(days.map((day) => [day, "closed"]));
}

/** Returns the last Monday of a month before its end. @param month From 1. */
function lastMonday(year: number, month: number): number {
  return nthWeekday(year, month + 1, MONDAY, 1) - 7 * DAY_MS;
}

/** Returns the Monday after a weekend, or the day itself. */
function movedToMonday(holiday: number): number {
  return weekdayOf(holiday) === SATURDAY ? holiday + 2 * DAY_MS : observed(holiday);
}

/** Returns the Friday before a weekend, or the day itself. */
function movedToFriday(day: number): number {
  return weekdayOf(day) === SUNDAY ? day - 2 * DAY_MS : observed(day);
}

/** Christmas and Boxing Day, each moved from a weekend to the next free weekday. */
function movedChristmas(year: number): number[] {
  const christmas = movedToMonday(Date.UTC(year, 11, 25));
  const boxingDay = movedToMonday(Date.UTC(year, 11, 26));
  return [christmas, boxingDay === christmas ? boxingDay + DAY_MS : boxingDay];
}

/** Christmas Eve and New Year's Eve. */
function eves(year: number): number[] {
  return [Date.UTC(year, 11, 24), Date.UTC(year, 11, 31)];
}

/** Combines holidays and the days that close early at the same hour. A holiday wins. */
function rulesOf(
  closed: readonly number[],
  early: readonly number[] = [],
  closesH = 0,
): ReadonlyMap<number, SpecialDay> {
  return new Map<number, SpecialDay>([
    ...early.filter(isWeekday).map((day) => [day, closesH * HOUR_MS] as const),
    ...closed.filter(isWeekday).map((day) => [day, "closed"] as const),
  ]);
}

/** The holidays of Toronto. */
export function torontoRules(year: number): ReadonlyMap<number, SpecialDay> {
  return rulesOf(
    [
      movedToMonday(Date.UTC(year, 0, 1)),
      nthWeekday(year, 2, MONDAY, 3), // Family Day
      easterSunday(year) - 2 * DAY_MS,
      // Victoria Day, the last Monday before 25 May
      Date.UTC(year, 4, 24) - ((weekdayOf(Date.UTC(year, 4, 24)) + 6) % 7) * DAY_MS,
      movedToMonday(Date.UTC(year, 6, 1)), // Canada Day
      nthWeekday(year, 8, MONDAY, 1), // Civic Holiday
      nthWeekday(year, 9, MONDAY, 1), // Labour Day
      nthWeekday(year, 10, MONDAY, 2), // Thanksgiving
      ...movedChristmas(year),
    ],
    [Date.UTC(year, 11, 24)],
    13,
  );
}

/** The bank holidays of London. */
export function londonRules(year: number): ReadonlyMap<number, SpecialDay> {
  return rulesOf(
    [
      movedToMonday(Date.UTC(year, 0, 1)),
      easterSunday(year) - 2 * DAY_MS,
      easterSunday(year) + DAY_MS,
      nthWeekday(year, 5, MONDAY, 1), // Early May
      lastMonday(year, 5), // Spring
      lastMonday(year, 8), // Summer
      ...movedChristmas(year),
    ],
    eves(year).map(movedToFriday),
    12.5,
  );
}

/** The holidays that stock exchanges of the euro area and Zurich share. None is moved from a weekend. */
function continentalHolidays(year: number): number[] {
  return [
    Date.UTC(year, 0, 1),
    easterSunday(year) - 2 * DAY_MS,
    easterSunday(year) + DAY_MS,
    Date.UTC(year, 4, 1),
    Date.UTC(year, 11, 25),
    Date.UTC(year, 11, 26),
  ];
}

/** The holidays of Frankfurt. The last trading day of a year is short. */
export function frankfurtRules(year: number): ReadonlyMap<number, SpecialDay> {
  const lastDay = movedToFriday(Date.UTC(year, 11, 30));
  return rulesOf([...continentalHolidays(year), ...eves(year)], [lastDay], 14);
}

/** The holidays of Paris and Amsterdam, which Madrid and Milan share nearly all. */
export function euronextRules(year: number): ReadonlyMap<number, SpecialDay> {
  return rulesOf(continentalHolidays(year), eves(year), 14 + 5 / 60);
}

/** The holidays of Zurich. */
export function zurichRules(year: number): ReadonlyMap<number, SpecialDay> {
  return rulesOf([
    ...continentalHolidays(year),
    ...eves(year),
    Date.UTC(year, 0, 2),
    easterSunday(year) + 39 * DAY_MS, // Ascension
    easterSunday(year) + 50 * DAY_MS, // Whit Monday
    Date.UTC(year, 7, 1), // National Day
  ]);
}

/** The holidays of Sydney. Anzac Day is not moved. */
export function sydneyRules(year: number): ReadonlyMap<number, SpecialDay> {
  return rulesOf(
    [
      movedToMonday(Date.UTC(year, 0, 1)),
      movedToMonday(Date.UTC(year, 0, 26)), // Australia Day
      easterSunday(year) - 2 * DAY_MS,
      easterSunday(year) + DAY_MS,
      Date.UTC(year, 3, 25), // Anzac Day
      nthWeekday(year, 6, MONDAY, 2), // King's Birthday
      ...movedChristmas(year),
    ],
    eves(year).map(movedToFriday),
    14 + 10 / 60,
  );
}

/** No holidays are maintained: a holiday follows from the absence of trades. */
export function noRules(): ReadonlyMap<number, SpecialDay> {
  return new Map();
}
