// @ts-check
/**
 * What a ticker looks like. It has a ground of its own, so that every text on it is 4.5:1 or better wherever it stands;
 * `light-dark()` goes by the `color-scheme` of the page.
 *
 * @module
 */

/** For a constructed style sheet, which a policy without any style lets pass. */
export const TICKER_STYLE = `
:host {
  display: block;
  --flash: var(--edgetape-flash, light-dark(#cfe0ff, #27406b));
  --muted: var(--edgetape-calm, light-dark(#566173, #9aa6b8));
  --line: var(--edgetape-line, light-dark(#dfe4ec, #2a323e));
  --good: var(--edgetape-good, light-dark(#0a7a3d, #4fc98c));
  --warn: var(--edgetape-warn, light-dark(#8a5300, #f0b45a));
  --bad: var(--edgetape-bad, light-dark(#b3261e, #ff938b));
  font: 1rem/1.4 system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
}
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
[part="ticker"] {
  border: 1px solid var(--line);
  border-radius: var(--edgetape-radius, 0.75rem);
  background: var(--edgetape-ground, light-dark(#fff, #161b23));
  color: var(--edgetape-text, light-dark(#131820, #e8ecf2));
}
[part="list"] {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr));
  margin: 0;
  padding: 0;
  overflow: hidden;
  list-style: none;
}
:host([layout="scroll"]) [part="list"] {
  grid: auto / auto-flow minmax(max-content, 1fr);
  overflow-x: auto;
}
[part="list"]:focus-visible, summary:focus-visible {
  outline: 2px solid var(--edgetape-accent, light-dark(#1f5fd6, #7fb0ff));
  outline-offset: -2px;
}
li[data-symbol] {
  position: relative; /* or the labels of items that are scrolled away would widen the page */
  padding: 0.6rem 1rem;
  box-shadow: 1px 1px 0 var(--line);
  font-variant-numeric: tabular-nums lining-nums;
}
.label {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
.seen { display: grid; grid-template-columns: minmax(min-content, auto) auto; gap: 0 1rem; justify-content: space-between; }
.seen > span { display: flex; flex-direction: column; align-items: start; }
.seen > span + span { align-items: end; text-align: end; }
.seen [data-field]:empty { display: none; }
[data-field="symbol"] { font-weight: 650; white-space: nowrap; }
[data-field="name"], [data-field="unit"], [data-field="freshness"] { color: var(--muted); font-size: 0.8125rem; }
[data-field="price"] {
  margin-inline-end: -0.3rem;
  padding: 0 0.3rem;
  border-radius: 0.3rem;
  font-weight: 650;
  white-space: nowrap;
}
[data-field="change"] { font-size: 0.875rem; }
[data-direction="up"] [data-field="change"] { color: var(--good); }
[data-direction="down"] [data-field="change"] { color: var(--bad); }
[data-freshness="stale"] [data-field="freshness"] { color: var(--warn); font-weight: 600; }
[data-freshness="down"] [data-field="freshness"] { color: var(--bad); font-weight: 600; }
:is([data-freshness="stale"], [data-freshness="down"], [data-freshness="cut"], [data-freshness="missing"])
  :is([data-field="price"], [data-field="change"], [data-field="symbol"]) { color: var(--muted); }
[data-field="simulated"] {
  padding: 0 0.4em;
  border: 1px dashed currentcolor;
  border-radius: 0.3rem;
  color: var(--warn);
  font-size: 0.6875rem;
  font-weight: 700;
  letter-spacing: 0.06em;
}
.seen [data-freshness="waiting"] [data-field]:empty { display: block; }
[data-freshness="waiting"] [data-field="price"]:empty,
[data-freshness="waiting"] [data-field="change"]:empty {
  display: block;
  width: 7ch;
  height: 0.8em;
  margin: 0.3em 0;
  border-radius: 0.3rem;
  background: var(--line);
}
[part="foot"] {
  display: flex;
  flex-wrap: wrap;
  align-items: start;
  gap: 0.4rem 1rem;
  padding: 0.5rem 1rem;
  border-top: 1px solid var(--line);
  font-size: 0.8125rem;
}
connection-badge { font-size: inherit; }
connection-badge[data-state="live"]::part(reason) { display: none; }
[part="sources"] { margin-inline-start: auto; color: var(--muted); }
summary { cursor: pointer; }
[part="sources"] ul { margin: 0.3rem 0 0; padding: 0; list-style: none; overflow-wrap: anywhere; }
@media (prefers-reduced-motion: no-preference) {
  [data-freshness="waiting"] [data-field]:empty { animation: breathe 1.6s ease-in-out infinite; }
  @keyframes breathe { 50% { opacity: 0.5; } }
}
`;
