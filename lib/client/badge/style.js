// @ts-check
/**
 * What the badge looks like. Whatever has a colour has a ground of its own: every text on it is 4.5:1 or better, in the
 * light and in the dark, wherever the badge stands. `light-dark()` goes by the `color-scheme` of the page.
 *
 * @module
 */

/** For a constructed style sheet, which a policy without `unsafe-inline` lets pass. */
export const BADGE_STYLE = `
:host {
  display: inline-flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 0.3em 0.7em;
  font-size: 0.875rem;
  line-height: 1.4;
}
:host([hidden]), [hidden] { display: none !important; }
[part="status"] {
  display: inline-flex;
  align-items: center;
  gap: 0.45em;
  padding: 0.15em 0.75em 0.15em 0.6em;
  border: 1px solid currentcolor;
  border-radius: 99rem;
  background: var(--edgetape-ground, light-dark(#fff, #161b23));
  color: var(--tone);
  font-weight: 650;
  white-space: nowrap;
}
[data-tone="good"] { --tone: var(--edgetape-good, light-dark(#0a7a3d, #4fc98c)); }
[data-tone="warn"] { --tone: var(--edgetape-warn, light-dark(#8a5300, #f0b45a)); }
[data-tone="bad"] { --tone: var(--edgetape-bad, light-dark(#b3261e, #ff938b)); }
[data-tone="calm"] { --tone: var(--edgetape-calm, light-dark(#566173, #9aa6b8)); }
[part="mark"] { width: 0.85em; height: 0.85em; fill: currentcolor; }
[part="reason"], [part="countdown"] { overflow-wrap: anywhere; }
[part="countdown"] { font-variant-numeric: tabular-nums; }
[part="reason"]:empty, [part="countdown"]:empty { display: none; }
[part="button"] {
  padding: 0.15em 0.8em;
  border: 1px solid currentcolor;
  border-radius: 0.5em;
  background: var(--edgetape-ground, light-dark(#fff, #161b23));
  color: var(--edgetape-accent, light-dark(#1f5fd6, #7fb0ff));
  font: inherit;
  font-weight: 600;
  cursor: pointer;
}
[part="button"][aria-disabled="true"] { cursor: default; border-style: dashed; }
[part="button"]:focus-visible { outline: 2px solid currentcolor; outline-offset: 2px; }
@media (prefers-reduced-motion: no-preference) {
  :host(:is([data-state="connecting"], [data-state="reconnecting"])) [part="mark"] {
    animation: breathe 1.6s ease-in-out infinite;
  }
  @keyframes breathe { 50% { opacity: 0.3; } }
}
`;
