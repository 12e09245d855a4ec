// @ts-check
/// <reference lib="dom" />
/**
 * The small line beside a price: the server's empty drawing, filled in.
 *
 * @module
 */
import { find } from "./dom.js";

/** @import { Point } from "./price_history.js" */

/** The drawing's own units: it is stretched to whatever room it has. */
const [WIDE, HIGH] = [100, 32];
/** Room above and below, so that no line is cut. */
const MARGIN = 3;

/** @param {number} n */
const short = (n) => String(Math.round(n * 10) / 10);

/**
 * Where the points lie in the drawing, from its left edge to its right. A price that never moved lies in the middle.
 *
 * @param {readonly Point[]} points
 */
export function sparkPlaces(points) {
  const prices = points.map(({ price }) => price);
  const [low, high] = [Math.min(...prices), Math.max(...prices)];
  const first = points.at(0)?.at ?? 0;
  const span = (points.at(-1)?.at ?? 0) - first;
  return points.map(({ at, price }) => {
    const x = span === 0 ? 0 : (at - first) / span * WIDE;
    const share = high === low ? 1 / 2 : (high - price) / (high - low);
    return [short(x), short(MARGIN + share * (HIGH - 2 * MARGIN))];
  });
}

/**
 * Draws the way of a price; where it has not moved, a flat one.
 *
 * @param {ParentNode} row
 * @param {readonly Point[]} points
 */
export function drawSpark(row, points) {
  const svg = find(row, ".spark", SVGSVGElement);
  const [area, line, dot] = ["area", "line", "dot"].map((name) =>
    find(svg, `.${name}`, SVGPathElement)
  );
  const places = sparkPlaces(points).map((place) => place.join(" "));
  const isFlat = new Set(points.map(({ price }) => price)).size < 2;
  const way = isFlat ? `M0 ${HIGH / 2}H${WIDE}` : `M${places.join("L")}`;
  svg.classList.toggle("flat", isFlat);
  line?.setAttribute("d", way);
  area?.setAttribute("d", `${way}V${HIGH}H0Z`);
  dot?.setAttribute("d", `M${places.at(-1)}h0`);
}
