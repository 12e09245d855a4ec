/**
 * Transcripts: the parts of a run so far, merged, with offsets at which a reader resumes.
 *
 * @module
 */
import type { ChatPart } from "./part.ts";

/** Returns true if a part continues another one, so that both can be sent as one. */
function continues(part: ChatPart, previous: ChatPart | undefined): boolean {
  if (part.kind === "component" || part.kind !== previous?.kind) return false;
  return part.kind !== "tool" || (previous.kind === "tool" && part.id === previous.id);
}

/** Joins a part with the part that it continues. */
function join(previous: ChatPart, part: ChatPart): ChatPart {
  return previous.kind === "component" || part.kind === "component"
    ? part
    : { ...previous, text: previous.text + part.text };
}

/** Returns the units of a part: the UTF-16 code units of its text, and one for a component or the start of a tool call. */
function unitsOf(part: ChatPart, isContinued: boolean): number {
  if (part.kind === "component") return 1;
  return part.text.length + startUnitsOf(part, isContinued);
}

/** Returns the units before the text of a part: a tool call may have no text. */
function startUnitsOf(part: ChatPart, isContinued: boolean): number {
  return part.kind === "tool" && !isContinued ? 1 : 0;
}

/** Merges each part with the parts that continue it, and drops empty ones that change nothing. */
export function mergeParts(parts: Iterable<ChatPart>): ChatPart[] {
  const merged: ChatPart[] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    if (last !== undefined && continues(part, last)) merged[merged.length - 1] = join(last, part);
    else if (part.kind === "component" || part.kind === "tool" || part.text !== "") {
      merged.push(part);
    }
  }
  return merged;
}

/**
 * The parts of a run so far. An offset counts the units before it: it does not depend on how the upstream or the log cut
 * the answer into parts, so a reader can resume at it on any isolate.
 */
export class Transcript {
  #parts: ChatPart[] = [];
  #length = 0;

  /** The merged parts. */
  get parts(): readonly ChatPart[] {
    return this.#parts;
  }

  /** The offset of the end. */
  get length(): number {
    return this.#length;
  }

  /** Adds parts at the end. */
  add(parts: readonly ChatPart[]): void {
    for (const part of parts) {
      const last = this.#parts.at(-1);
      const isContinued = last !== undefined && continues(part, last);
      if (isContinued) this.#parts[this.#parts.length - 1] = join(last, part);
      else if (part.kind === "component" || part.kind === "tool" || part.text !== "") {
        this.#parts.push(part);
      } else continue;
      this.#length += unitsOf(part, isContinued);
    }
  }

  /**
   * Splits the transcript at an offset. An offset beyond the end counts as the end.
   *
   * @returns The parts before it and after it. A part that it divides is in both, with the text of each side.
   */
  split(
    offset: number,
  ): { readonly before: readonly ChatPart[]; readonly after: readonly ChatPart[] } {
    const before: ChatPart[] = [];
    const after: ChatPart[] = [];
    let start = 0;
    for (const part of this.#parts) {
      const end = start + unitsOf(part, false);
      if (end <= offset) before.push(part);
      else if (start >= offset || part.kind === "component") after.push(part);
      else {
        const textLength = offset - start - startUnitsOf(part, false);
        before.push({ ...part, text: part.text.slice(0, textLength) });
        after.push({ ...part, text: part.text.slice(textLength) });
      }
      start = end;
    }
    return { before, after };
  }
}
