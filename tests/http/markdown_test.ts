import { assertEquals, assertStringIncludes } from "@std/assert";
import { renderMarkdown } from "../../lib/http/markdown.ts";

function render(markdown: string): string {
  return renderMarkdown(markdown, (link) => link).html;
}

Deno.test("renderMarkdown() takes the title from the first heading", () => {
  assertEquals(renderMarkdown("# Rights\n\n## Expiry\n", (link) => link).title, "Rights");
  assertEquals(renderMarkdown("text\n", (link) => link).title, "");
  assertEquals(
    renderMarkdown("# The `news` of *today*\n", (link) => link).title,
    "The news of today",
  );
});

Deno.test("renderMarkdown() gives headings an anchor", () => {
  assertEquals(
    render("## Where `quotes` come from, today\n"),
    '<h2 id="where-quotes-come-from-today">Where <code>quotes</code> come from, today</h2>\n',
  );
});

Deno.test("renderMarkdown() numbers the anchors of equal headings", () => {
  assertEquals(
    render("## Limits\n\n## Limits\n"),
    '<h2 id="limits">Limits</h2>\n<h2 id="limits-1">Limits</h2>\n',
  );
});

Deno.test("renderMarkdown() maps links, in tables too", () => {
  const text = "[a](rights.md)\n\n| x |\n| - |\n| [b](news.md#polling) |\n";
  const { html } = renderMarkdown(text, (link) => `/docs/${link}`);
  assertStringIncludes(html, '<a href="/docs/rights.md">a</a>');
  assertStringIncludes(html, '<a href="/docs/news.md#polling">b</a>');
});

Deno.test("renderMarkdown() shows raw HTML and the content of code as text", () => {
  assertEquals(render("a <img src=x>\n"), "<p>a &lt;img src=x&gt;</p>\n");
  assertEquals(
    render("<script>1 && 2</script>\n"),
    "&lt;script&gt;1 &amp;&amp; 2&lt;/script&gt;\n",
  );
  assertStringIncludes(render("```html\n<script>\n```\n"), "&lt;script&gt;");
});
