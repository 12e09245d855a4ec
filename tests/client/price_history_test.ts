/** The way of a price, and how it is drawn. */
import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { sparkPlaces } from "../../lib/client/page/sparkline.js";
import { createTrails } from "../../lib/client/page/price_history.js";

const MOST_POINTS = 400;

function quote(second: number, price = "1.5") {
  return { symbol: "A", price, received_at: new Date(second * 1000).toISOString() };
}

Deno.test("createTrails() keeps each price once, in its time", () => {
  const trails = createTrails();
  for (const each of [quote(2), quote(2), quote(1), quote(3, "1.6"), quote(4, "?")]) {
    trails.add(each);
  }
  assertEquals(trails.of("A"), [{ at: 2000, price: 1.5 }, { at: 3000, price: 1.6 }]);
  assertEquals(trails.of("B"), []);
});

Deno.test("createTrails() spans all the time in bounded memory, the newest price with it", () => {
  const trails = createTrails();
  for (let second = 1; second <= 10 * MOST_POINTS; second++) {
    trails.add(quote(second, String(second)));
    const points = trails.of("A");
    assert(points.length <= MOST_POINTS);
    assertEquals([points.at(0)?.at, points.at(-1)?.price], [1000, second]);
  }
  assert(trails.of("A").length >= MOST_POINTS / 2);
});

Deno.test("createTrails() goes on from what another page of the tab has kept", () => {
  const before = createTrails();
  before.add(quote(1));
  const after = createTrails(before.text());
  after.add(quote(2));
  assertEquals(after.of("A").map(({ at }) => at), [1000, 2000]);
});

Deno.test("createTrails() takes nothing from a text that is none of its own", () => {
  for (const text of ["", "{", "null", "[1]", `{"A":1}`, `{"A":[1,null,{"at":"x","price":1}]}`]) {
    assertEquals(createTrails(text).of("A"), []);
  }
});

Deno.test("sparkPlaces() puts every price inside the drawing, from its left edge to its right", () => {
  const point = fc.record({
    at: fc.integer({ min: 0, max: 1e12 }),
    price: fc.double({ noNaN: true, min: 0, max: 1e9 }),
  });
  fc.assert(fc.property(fc.array(point, { minLength: 2 }), (points) => {
    points.sort((a, b) => a.at - b.at);
    const places = sparkPlaces(points).map((place) => place.map(Number));
    assertEquals(places.length, points.length);
    for (const [x = -1, y = -1] of places) {
      assert(x >= 0 && x <= 100 && y >= 3 && y <= 29, `${x} ${y}`);
    }
    const hasTime = points[0]?.at !== points.at(-1)?.at;
    assertEquals([places[0]?.[0], places.at(-1)?.[0]], [0, hasTime ? 100 : 0]);
  }));
});
