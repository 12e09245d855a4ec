// @ts-check
/**
 * What a connection says of itself, to people.
 *
 * @module
 */

export const ASKING = "Asking the server for the stream.";

/** Why a server ends a stream, where it is not for another one to begin. @type {Readonly<Record<string, string>>} */
const ENDINGS = {
  slow: "This page reads more slowly than events come.",
  revoked: "The right to follow this has ended.",
  fault: "The server had a fault.",
};

/** @param {string} reason As `bye` has it. */
export const endingOf = (reason) => ENDINGS[reason] ?? "The server ended the stream.";

/** @param {number} ms */
export const seconds = (ms) => `${Math.ceil(ms / 1000)} s`;

/** @param {string} reason @param {number} ms */
export const thenNext = (reason, ms) => ms ? `${reason} Next try in ${seconds(ms)}.` : reason;

/**
 * @param {import("./types.js").Transport} transport
 * @param {readonly string[]} unpolled The topics that no poll can have.
 * @returns {Pick<import("./types.js").State, "kind" | "reason">}
 */
export function goingWell(transport, unpolled) {
  if (transport !== "poll") {
    return { kind: "live", reason: "Connected: changes arrive as they happen." };
  }
  const without = unpolled.length ? `, but not for ${unpolled.join(", ")}` : "";
  const reason = `No stream comes through: asking again and again instead${without}. ` +
    "A stream is tried every minute.";
  return { kind: "polling", reason };
}
