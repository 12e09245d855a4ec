import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { createPriceHistory } from "../../lib/client/page/price_history.js";
import {
  SPARKLINE_HEIGHT,
  SPARKLINE_WIDTH,
  sparklineCoordinates,
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

Deno.test("createPriceHistory() continues the history of the tab's previous page", () => {
  const previousPage = createPriceHistory();
  previousPage.add(quote(1));
  const history = createPriceHistory(previousPage.toJson());
  history.add(quote(2));
  assertEquals(history.pointsOf("A").map(({ at }) => at), [1000, 2000]);
});

Deno.test("createPriceHistory() drops persisted text that is not a history", () => {
  for (const text of ["", "{", "null", "[1]", `{"A":1}`, `{"A":[1,null,{"at":"x","price":1}]}`]) {
    assertEquals(createPriceHistory(text).pointsOf("A"), []);
  }
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
