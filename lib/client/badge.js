// @ts-check
/**
 * `<connection-badge>`, for pages that follow by themselves: `badge.feed = connect({ … })`.
 *
 * @module
 */
export { ConnectionBadge } from "./badge/element.js";
