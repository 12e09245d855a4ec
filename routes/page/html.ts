/**
 * The type of rendered HTML.
 *
 * @module
 */
import type { html } from "hono/html";

/** A piece of the page, whose texts are escaped. */
export type Html = ReturnType<typeof html>;
