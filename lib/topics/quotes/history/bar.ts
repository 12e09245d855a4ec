/**
 * Bars: the course of a price in intervals of one length. Lists of bars are in the order of time.
 *
 * @module
 */
import { add, compare } from "../providers/decimal.ts";

/** A bar: its start in ms since the Unix epoch, its prices, and its volume if the source states one. */
export type Bar = readonly [
  startAt: number,
  open: string,
  high: string,
  low: string,
  close: string,
  volume: string | null,
];

/** The most bars of a response. */
export const MAX_BARS = 500;

/** Creates the bar of one price. */
export function barOf(startAt: number, price: string): Bar {
  return [startAt, price, price, price, price, null];
}

function addVolumes(a: string | null, b: string | null): string | null {
  return a === null || b === null ? a ?? b : add(a, b);
}

/** Joins a bar with a later one. The result starts with the earlier bar. */
export function joinBars(
  [startAt, open, high, low, , volume]: Bar,
  [, , laterHigh, laterLow, close, laterVolume]: Bar,
): Bar {
  return [
    startAt,
    open,
    compare(laterHigh, high) > 0 ? laterHigh : high,
    compare(laterLow, low) < 0 ? laterLow : low,
    close,
    addVolumes(volume, laterVolume),
  ];
}

/**
 * Merges two lists. Bars with the same start are two views of one bar, so their volumes are not added.
 *
 * @param newer The list whose close counts.
 */
export function mergeBars(older: readonly Bar[], newer: readonly Bar[]): Bar[] {
  const merged = new Map(older.map((bar) => [bar[0], bar]));
  for (const bar of newer) {
    const [startAt, , , , , volume] = bar;
    const known = merged.get(startAt);
    if (known === undefined) merged.set(startAt, bar);
    else {
      const [, open, high, low, close] = joinBars(known, bar);
      merged.set(startAt, [startAt, open, high, low, close, volume ?? known[5]]);
    }
  }
  return [...merged.values()].toSorted(([a], [b]) => a - b);
}

/** Joins the bars that have the same start after `startOf`. */
export function rollUp(bars: readonly Bar[], startOf: (ms: number) => number): Bar[] {
  const rolled: Bar[] = [];
  for (const [barStartAt, ...rest] of bars) {
    const bar: Bar = [startOf(barStartAt), ...rest];
    const last = rolled.at(-1);
    if (last?.[0] === bar[0]) rolled[rolled.length - 1] = joinBars(last, bar);
    else rolled.push(bar);
  }
  return rolled;
}

/** Returns a function that returns the start of the interval that contains a time, counted from `originAt`. */
export function startOfInterval(intervalMs: number, originAt = 0): (ms: number) => number {
  return (ms) => originAt + Math.floor((ms - originAt) / intervalMs) * intervalMs;
}

/** Bars of one length. */
export interface BarSeries {
  readonly intervalMs: number;
  readonly bars: readonly Bar[];
}

/** Doubles the interval until at most {@linkcode MAX_BARS} bars remain. */
export function limitBars(series: BarSeries): BarSeries {
  let { intervalMs, bars } = series;
  while (bars.length > MAX_BARS) {
    intervalMs *= 2;
    bars = rollUp(bars, startOfInterval(intervalMs));
  }
  return { intervalMs, bars };
}

/**
 * Continues a series with bars of a shorter length. Those that lie before its last bar are left out.
 *
 * @param later Their length divides that of the series, else nothing is continued.
 */
export function continueSeries({ intervalMs, bars }: BarSeries, later: BarSeries): BarSeries {
  const last = bars.at(-1);
  if (last === undefined || intervalMs % later.intervalMs !== 0) return { intervalMs, bars };
  const [lastStartAt] = last;
  const following = rollUp(
    later.bars.filter(([startAt]) => startAt >= lastStartAt),
    startOfInterval(intervalMs, lastStartAt),
  );
  return { intervalMs, bars: mergeBars(bars, following) };
}

const BAR_TEXT = /^(-?\d+),(-?[\d.]+),(-?[\d.]+),(-?[\d.]+),(-?[\d.]+),([\d.]*)$/;

/** Writes bars for the store, in about 40 characters each: the first start in seconds, then the distances. */
export function encodeBars(bars: readonly Bar[]): string {
  let previousS = 0;
  return bars.map(([startAt, open, high, low, close, volume]) => {
    const startS = Math.round(startAt / 1000);
    const distanceS = startS - previousS;
    previousS = startS;
    return [distanceS, open, high, low, close, volume ?? ""].join(",");
  }).join(";");
}

/** Reads the bars that {@linkcode encodeBars} wrote. The list is empty if another version wrote the text. */
export function decodeBars(text: string): Bar[] {
  if (text === "") return [];
  const bars: Bar[] = [];
  let startS = 0;
  for (const part of text.split(";")) {
    const [, distance, open, high, low, close, volume] = BAR_TEXT.exec(part) ?? [];
    if (
      open === undefined || high === undefined || low === undefined || close === undefined
    ) return [];
    startS += Number(distance);
    bars.push([startS * 1000, open, high, low, close, volume || null]);
  }
  return bars;
}
