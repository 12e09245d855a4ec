/**
 * Markdown as HTML, for the pages of the guides.
 *
 * @module
 */
import { Marked } from "marked";

/** A rendered document. */
export interface RenderedDocument {
  /** The text of the first heading, empty if there is none. */
  readonly title: string;
  readonly html: string;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Returns the anchor of a heading: lower case, with hyphens between words. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(/\s+/g, "-");
}

/** Numbers the anchors that a document repeats, as GitHub does: `limits`, `limits-1`. */
function createAnchors(): (heading: string) => string {
  const counts = new Map<string, number>();
  return (heading) => {
    const anchor = anchorOf(heading);
    const count = counts.get(anchor) ?? 0;
    counts.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  };
}

/**
 * Renders a Markdown document. Headings have anchors, and raw HTML is shown as text.
 *
 * @param hrefOf Maps a link of the document to a link of the page.
 */
export function renderMarkdown(
  markdown: string,
  hrefOf: (link: string) => string,
): RenderedDocument {
  let title = "";
  const nextAnchor = createAnchors();
  const marked = new Marked({
    walkTokens(token) {
      if (token.type === "link") token.href = hrefOf(token.href);
    },
    renderer: {
      heading({ tokens, depth, text: heading }) {
        title ||= this.parser.parseInline(tokens, this.parser.textRenderer);
        const content = this.parser.parseInline(tokens);
        return `<h${depth} id="${nextAnchor(heading)}">${content}</h${depth}>\n`;
      },
      html: ({ text: raw }) => escapeHtml(raw),
    },
  });
  const html = marked.parse(markdown, { async: false });
  return { title, html };
}
