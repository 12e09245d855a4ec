import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { isSameSecret } from "../../lib/http/crypto.ts";
import { anyCharacter } from "../support/any_character.ts";

Deno.test("isSameSecret() distinguishes a secret from every other text", () => {
  const secret = fc.string({ unit: anyCharacter, minLength: 1, maxLength: 40 });
  fc.assert(fc.property(secret, fc.string({ unit: anyCharacter, maxLength: 80 }), (ours, other) => {
    const near = [ours, other, ours + ours, ours.slice(1), ours.slice(0, -1), `${ours}${other}`];
    for (const candidate of near) {
      assertEquals(isSameSecret(ours, candidate), ours === candidate);
    }
  }));
});
