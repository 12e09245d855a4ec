// @ts-check
/**
 * `<connection-badge>` for pages with a connection of their own: `badge.feed = connect({ … })`.
 *
 * @module
 */
export { ConnectionBadge } from "./badge/element.js";
