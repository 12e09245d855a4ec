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
  return heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s-]/gu, "").trim().replaceAll(/\s+/g, "-");
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
  const marked = new Marked({
    walkTokens(token) {
      if (token.type === "link") token.href = hrefOf(token.href);
      if (token.type === "heading") title ||= token.text;
    },
    renderer: {
      heading({ tokens, depth, text: heading }) {
        const content = this.parser.parseInline(tokens);
        return `<h${depth} id="${anchorOf(heading)}">${content}</h${depth}>\n`;
      },
      html: ({ text: raw }) => escapeHtml(raw),
    },
  });
  const html = marked.parse(markdown, { async: false });
  return { title, html };
}
