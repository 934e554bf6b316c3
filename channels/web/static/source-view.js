// Shows where a quotation stands: the document, whether it is in force, and the article with the words marked.
import { effectBadge } from "./answer-view.js";
import { documentName, element, placeName, regionName, webAddress } from "./dom.js";

const WITHDRAWN = "这份文件已由发布单位撤下，不再提供正文，也不再作为答复依据。需要了解现行规定，请重新提问。";

export class SourceView {
  #panel = document.getElementById("source");
  #title = document.getElementById("source-title");
  #body = document.getElementById("source-body");
  #opener = null;
  #shown = 0;

  constructor() {
    document.getElementById("source-close").addEventListener("click", () => this.close());
    addEventListener("keydown", ({ key }) => key === "Escape" && !this.#panel.hidden && this.close());
  }

  async open(citation, opener) {
    this.#opener = opener;
    this.#shown += 1;
    const shown = this.#shown;
    const article = element("div", { class: "article-text" }, element("p", { class: "loading" }, "正在打开原文…"));
    this.#body.replaceChildren(...head(citation), article, links(citation));
    this.#panel.hidden = false;
    document.body.classList.add("with-source");
    this.#title.focus({ preventScroll: true });
    let drawn;
    try {
      const response = await fetch(address("/api/v1/documents", citation), { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(String(response.status));
      const found = await response.json();
      drawn = found.withdrawn ? [element("p", { class: "notice" }, WITHDRAWN)] : articleOf(found);
    } catch {
      drawn = [
        element("p", { class: "notice" }, "全文暂时打不开，下面是回答引用的原话。"),
        element("p", {}, element("mark", {}, citation.quote)),
      ];
    }
    if (shown !== this.#shown) return;
    article.replaceChildren(...drawn);
    const quote = article.querySelector("mark");
    // Only as far as needed: what document this is should stay in sight.
    quote?.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.#shown += 1;
    this.#panel.hidden = true;
    document.body.classList.remove("with-source");
    this.#opener?.focus();
  }
}

function address(base, { document: { id }, version_id: version, span }) {
  return `${base}/${id}?version=${version}&start=${span.start}&end=${span.end}`;
}

function head(citation) {
  const { document: cited } = citation;
  const facts = [
    ["发文字号", cited.doc_number],
    ["发文机关", cited.issuer],
    ["位置", [...citation.heading_path, citation.article].filter(Boolean).join(" ")],
    ["效力层级", cited.level],
    ["适用地区", regionName(cited.region)],
    ["施行日期", citation.effective_from],
    ["失效日期", citation.effective_to],
  ];
  const rows = facts
    .filter(([, value]) => value)
    .map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  return [
    element("p", { class: "cited-title" }, documentName(cited)),
    element("p", { class: "state" }, effectBadge(citation.in_force)),
    element("dl", { class: "facts" }, ...rows),
    element("h3", {}, `${placeName(citation) || "引用处"}原文`),
  ];
}

/** The article the span stands in, its words marked. Offsets are code points, so text is cut as an array. */
function articleOf({ text, outline, span }) {
  const letters = Array.from(text);
  const at = outline.findIndex(({ start, end }) => start <= span.start && span.start < end);
  let [from, to] = [span.start, span.end];
  if (at >= 0) {
    const same = (other) => other && other.article && other.article === outline[at].article;
    let [first, last] = [at, at];
    while (same(outline[first - 1])) first -= 1;
    while (same(outline[last + 1])) last += 1;
    [from, to] = [Math.min(from, outline[first].start), Math.max(to, outline[last].end)];
  }
  const lines = [];
  let start = from;
  for (const line of letters.slice(from, to).join("").split("\n")) {
    const end = start + Array.from(line).length;
    const cut = (low, high) => letters.slice(Math.max(low, start), Math.min(high, end)).join("");
    const marked = cut(span.start, span.end);
    if (line.trim()) {
      lines.push(element("p", {}, cut(start, span.start), marked && element("mark", {}, marked), cut(span.end, end)));
    }
    start = end + 1;
  }
  return lines;
}

function links(citation) {
  const official = webAddress(citation.url);
  const whole = { href: `${address("/documents", citation)}#quote`, target: "_blank", rel: "noopener" };
  const outside = { href: official, target: "_blank", rel: "noopener noreferrer" };
  return element(
    "p",
    { class: "source-links" },
    element("a", whole, "查看文件全文"),
    official && element("a", outside, "官方发布页"),
  );
}
