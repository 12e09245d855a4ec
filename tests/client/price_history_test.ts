import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import {
  createPriceHistory,
  limitPoints,
  pointsOfBars,
} from "../../lib/client/page/price_history.js";
import {
  SPARKLINE_HEIGHT,
  SPARKLINE_WIDTH,
  sparklineCoordinates,
  sparklinePaths,
  sparklinePoints,
  sparklineScales,
} from "../../lib/client/page/sparkline.js";

const MAX_POINTS = 400;
/** The space above and below a line. */
const MARGIN = 3;

function quote(second: number, price = "1.5") {
  return { symbol: "A", price, received_at: new Date(second * 1000).toISOString() };
}

Deno.test("createPriceHistory() keeps each price once, in order of time", () => {
  const history = createPriceHistory();
  for (const received of [quote(2), quote(2), quote(1), quote(3, "1.6"), quote(4, "?")]) {
    history.add(received);
  }
  assertEquals(history.pointsOf("A"), [{ at: 2000, price: 1.5 }, { at: 3000, price: 1.6 }]);
  assertEquals(history.pointsOf("B"), []);
});

Deno.test("createPriceHistory() spans the whole time in bounded memory, with the newest price", () => {
  const history = createPriceHistory();
  for (let second = 1; second <= 10 * MAX_POINTS; second++) {
    history.add(quote(second, String(second)));
    const points = history.pointsOf("A");
    assert(points.length <= MAX_POINTS);
    assertEquals([points.at(0)?.at, points.at(-1)?.price], [1000, second]);
  }
  assert(history.pointsOf("A").length >= MAX_POINTS / 2);
});

Deno.test("createPriceHistory() continues the points that are known already", () => {
  const history = createPriceHistory({ A: [{ at: 1000, price: 1 }] });
  history.add(quote(1));
  history.add(quote(2));
  assertEquals(history.pointsOf("A"), [{ at: 1000, price: 1 }, { at: 2000, price: 1.5 }]);
});

Deno.test("createPriceHistory() keeps the course of the day though a price changes every second", () => {
  const day = Array.from({ length: 96 }, (_, n) => ({ at: n * 900_000, price: n }));
  const history = createPriceHistory({ A: day });
  for (let second = 1; second <= 1800; second++) {
    history.add(quote(85_500 + second, String(second)));
  }
  const points = history.pointsOf("A");
  assertEquals(points.slice(0, 96), day);
  assert(points.length < 96 + 10, `${points.length}`);
  assertEquals(points.at(-1), { at: 87_300_000, price: 1800 });
});

Deno.test("limitPoints() keeps the first and the last point", () => {
  const points = Array.from({ length: 289 }, (_, at) => ({ at, price: at }));
  const limited = limitPoints(points, 96);
  assert(limited.length <= 96 && limited.length > 48, `${limited.length}`);
  assertEquals([limited[0]?.at, limited.at(-1)?.at], [0, 288]);
});

Deno.test("pointsOfBars() takes the close of each bar", () => {
  assertEquals(pointsOfBars([[1000, "1", "3", "0.5", "2.50", null]]), [{ at: 1000, price: 2.5 }]);
});

Deno.test("sparklinePaths() draws nothing without a point, and a dashed line for a constant price", () => {
  assertEquals(sparklinePaths([]), { isFlat: true, area: "", line: "", dot: "" });
  const flat = [{ at: 0, price: 1 }, { at: 1, price: 1 }];
  const { isFlat, line } = sparklinePaths(flat);
  assertEquals([isFlat, line], [true, `M0 ${SPARKLINE_HEIGHT / 2}H${SPARKLINE_WIDTH}`]);
});

Deno.test("sparklineCoordinates() keeps every price inside the drawing, from the left edge to the right", () => {
  const point = fc.record({
    at: fc.integer({ min: 0, max: 1e12 }),
    price: fc.double({ noNaN: true, min: 0, max: 1e9 }),
  });
  fc.assert(fc.property(fc.array(point, { minLength: 2 }), (points) => {
    const sorted = points.toSorted((a, b) => a.at - b.at);
    const coordinates = sparklineCoordinates(sorted).map((point) => point.map(Number));
    assertEquals(coordinates.length, points.length);
    for (const [x = -1, y = -1] of coordinates) {
      assert(
        x >= 0 && x <= SPARKLINE_WIDTH && y >= MARGIN && y <= SPARKLINE_HEIGHT - MARGIN,
        `${x} ${y}`,
      );
    }
    const hasTime = sorted[0]?.at !== sorted.at(-1)?.at;
    assertEquals([coordinates[0]?.[0], coordinates.at(-1)?.[0]], [
      0,
      hasTime ? SPARKLINE_WIDTH : 0,
    ]);
  }));
});

Deno.test("sparklinePoints() reads the points of a drawing, as exactly as it is drawn", () => {
  const point = fc.record({
    at: fc.integer({ min: 0, max: 1e12 }),
    price: fc.integer({ min: -1e6, max: 1e6 }),
  });
  fc.assert(fc.property(fc.uniqueArray(point, { selector: ({ at }) => at }), (points) => {
    const sorted = points.toSorted((a, b) => a.at - b.at);
    const { line, isFlat } = sparklinePaths(sorted);
    const read = sparklinePoints(line, sparklineScales(sorted));
    if (isFlat) {
      assertEquals([read[0]?.at, read.at(-1)?.at], [sorted[0]?.at, sorted.at(-1)?.at]);
      assertEquals(read.every(({ price }) => price === sorted[0]?.price), true);
      return;
    }
    assertEquals(read.length, sorted.length);
    const prices = sorted.map(({ price }) => price);
    const range = Math.max(...prices) - Math.min(...prices);
    const span = (sorted.at(-1)?.at ?? 0) - (sorted[0]?.at ?? 0);
    for (const [index, { at, price }] of sorted.entries()) {
      assert(Math.abs((read[index]?.at ?? NaN) - at) <= 0.001 * span);
      assert(Math.abs((read[index]?.price ?? NaN) - price) <= 0.004 * range);
    }
  }));
});
