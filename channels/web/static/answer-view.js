// Draws one answer as it comes: blocks first, then what it rests on and what can be done next.
import { serviceCard } from "./service-card.js";
import { citedAs, drawing, element, regionName } from "./dom.js";

const THUMB = "M7 10v10H3V10h4zm2 10V9.5l4-7c1.7 0 2.6 1.2 2.3 2.7L14.5 9H20a2 2 0 0 1 2 2.4l-1.4 7A2 2 0 0 1 18.6 20z";
// 1. 1、 （1） 一、 （一） ①: an item that begins with its own number needs no bullet.
const NUMBERED = /^(?:[（(][\d〇零一二三四五六七八九十百]+[）)]|\d+(?:[、．）)]|\.(?!\d))|[〇零一二三四五六七八九十百]+、|[①-⑳])/;
const DOWN_REASONS = ["答非所问", "没有解决问题", "看不懂", "内容过时"];
const QUOTED = new Set(["answered", "answered_from_service"]);

export class AnswerView {
  #handlers;
  #blocks = element("div", { class: "blocks" });
  #drawn = 0;
  #answer = null;
  #rating = new Map();
  #reasons = element("div", { class: "reasons", role: "group", "aria-label": "没帮助的原因", hidden: true });
  root = element("article", { class: "answer", "aria-label": "回答" }, this.#blocks);

  /** @param handlers {openCitation(citation, button), ask(text, region), rate(value, reason), hotline} */
  constructor(handlers) {
    this.#handlers = handlers;
  }

  block(index, block) {
    if (index !== this.#drawn) return;
    this.#drawn += 1;
    this.#blocks.append(this.#draw(block));
  }

  finish(answer) {
    this.#answer = answer;
    answer.blocks.slice(this.#drawn).forEach((block, offset) => this.block(this.#drawn + offset, block));
    if (answer.blocks.length === 0) this.#blocks.append(element("p", {}, answer.text));
    if (answer.status === "answered_from_service" || (QUOTED.has(answer.status) && answer.citations.length > 0)) {
      this.root.prepend(element("p", { class: "label" }, madeFrom(answer)));
    }
    this.root.append(
      ...[
        this.#sources(answer.citations),
        this.#services(answer.services),
        this.#hotline(answer),
        this.#choices("请选择", answer.options.map(({ label, question, region }) => [label, question, region])),
        this.#choices("您还可以问", answer.suggestions.map((text) => [text, text, null])),
        this.#actions(answer),
        this.#why(),
      ].filter(Boolean),
    );
  }

  rated(value) {
    this.#reasons.hidden = value !== "down";
    for (const [which, button] of this.#rating) button.setAttribute("aria-pressed", String(which === value));
  }

  #draw(block) {
    if (block.type === "notice") return element("p", { class: "notice" }, block.text);
    if (block.type === "policy") return element("p", { class: "notice policy-mention" }, block.text);
    if (block.type === "phones") return element("ul", { class: "phones" }, ...block.phones.map(phoneLink));
    const marks = block.cites.map((n) => this.#mark(n));
    const attributes = { class: block.quoted ? "quoted" : null };
    if (block.type === "list") {
      const last = block.items.length - 1;
      if (block.checks?.length) return this.#checklist(block);
      const items = block.items.map((item, at) => {
        const numbered = NUMBERED.test(item) ? "numbered" : null;
        return element("li", { class: numbered }, ...(at === last ? marked(item, marks) : [item]));
      });
      const lead = block.lead && element("p", {}, block.lead);
      return element("div", attributes, lead, element("ul", {}, ...items));
    }
    // The sign is there with the first block, before the whole answer says which model wrote.
    const sign = block.generated && element("span", { class: "generated" }, "AI生成");
    return element("p", attributes, sign, ...marked(block.text, marks));
  }

  /** A list to tick off. A tick that says something is sent as the citizen's words; else it is the reader's own. */
  #checklist({ lead, items, checks }) {
    const rows = items.map((item, at) => {
      const { done = false, question = "" } = checks[at] ?? {};
      const box = element("input", { type: "checkbox" });
      box.checked = done;
      if (question) {
        box.disabled = done;
        box.addEventListener("change", () => {
          box.disabled = true;
          this.#handlers.ask(question, null);
        });
      }
      return element("li", {}, element("label", {}, box, element("span", {}, item)));
    });
    const list = element("ul", { "aria-label": lead.replace(/[：:]$/, "") }, ...rows);
    return element("div", { class: "checklist" }, lead && element("p", {}, lead), list);
  }

  #mark(n) {
    const open = ({ currentTarget }) => {
      const citation = this.#answer?.citations.find((one) => one.n === n);
      if (citation) this.#handlers.openCitation(citation, currentTarget);
    };
    return element("button", { type: "button", class: "mark", "aria-label": `查看依据 ${n}`, onclick: open }, `[${n}]`);
  }

  #sources(citations) {
    if (citations.length === 0) return null;
    const rows = citations.map((citation) => {
      const place = citation.document.region === "全国" ? "" : regionName(citation.document.region);
      const detail = [citation.document.issuer, place].filter(Boolean).join(" · ");
      return element(
        "li",
        {},
        element(
          "button",
          {
            type: "button",
            class: "citation",
            onclick: ({ currentTarget }) => this.#handlers.openCitation(citation, currentTarget),
          },
          element("span", { class: "number" }, `[${citation.n}]`),
          element(
            "span",
            { class: "where" },
            element("span", { class: "cited" }, citedAs(citation)),
            element("span", { class: "detail" }, effectBadge(citation.in_force), detail),
          ),
        ),
      );
    });
    return element("section", { class: "sources" }, element("h3", {}, "依据"), element("ol", {}, ...rows));
  }

  #services(services) {
    if (services.length === 0) return null;
    return element("section", { class: "services", "aria-label": "办事入口" }, ...services.map(serviceCard));
  }

  #hotline({ status, text }) {
    const { hotline } = this.#handlers;
    if (status !== "no_answer" || text.includes(hotline)) return null;
    return element(
      "p",
      { class: "hotline" },
      "需要人工解答？请拨打 ",
      element("a", { href: `tel:${hotline}` }, hotline),
      " 政务服务便民热线，24 小时有人接听。",
    );
  }

  #choices(title, choices) {
    if (choices.length === 0) return null;
    const buttons = choices.map(([label, question, region]) =>
      element("li", {}, element("button", { type: "button", onclick: () => this.#handlers.ask(question, region) }, label)),
    );
    return element("section", { class: "choices" }, element("h3", {}, title), element("ul", {}, ...buttons));
  }

  #why() {
    const choose = (reason) => ({ currentTarget }) => {
      for (const one of this.#reasons.querySelectorAll("button")) one.setAttribute("aria-pressed", String(one === currentTarget));
      this.#handlers.rate("down", reason);
    };
    const buttons = DOWN_REASONS.map((reason) =>
      element("li", {}, element("button", { type: "button", "aria-pressed": "false", onclick: choose(reason) }, reason)),
    );
    this.#reasons.append(element("h3", {}, "哪里没帮到您？"), element("ul", {}, ...buttons));
    return this.#reasons;
  }

  #actions(answer) {
    const rate = (value, label, name) => {
      const button = element(
        "button",
        { type: "button", "aria-pressed": "false", "aria-label": name, onclick: () => this.#handlers.rate(value) },
        drawing(THUMB, value),
        label,
      );
      this.#rating.set(value, button);
      return button;
    };
    const copy = element("button", { type: "button", onclick: () => copyText(copied(answer), copy) }, "复制");
    return element(
      "div",
      { class: "actions", role: "group", "aria-label": "对这个回答" },
      rate("up", "有帮助", "这个回答有帮助"),
      rate("down", "没帮助", "这个回答没有帮助"),
      copy,
    );
  }
}

/** A number to tap; only digits and hyphens make an address of it. */
function phoneLink({ number, label }) {
  const link = element("a", { href: `tel:${number.replace(/[^0-9-]/g, "")}` }, number);
  return element("li", {}, link, label && ` ${label}`);
}

/** What the words of an answer are: an item's, the operators', the documents' own, or a language model's. */
function madeFrom({ curated, status, generated_by: model }) {
  if (model) return `AI生成：大模型 ${model.name}${model.filing ? `（备案号 ${model.filing}）` : ""}依据现行有效文件改写，以原文为准`;
  if (status === "answered_from_service") return "来自政务服务事项库，依据现行有效文件";
  return curated ? "人工整理的问答，依据现行有效文件" : "回答摘自现行有效文件";
}

/** Text with its marks; the last letter goes along when a mark falls onto the next line. */
function marked(text, marks) {
  const letters = Array.from(text);
  return [letters.slice(0, -1).join(""), element("span", { class: "tail" }, ...letters.slice(-1), ...marks)];
}

export function effectBadge(inForce) {
  return element("span", { class: `badge ${inForce ? "in-force" : "ended"}` }, inForce ? "现行有效" : "当前不在有效期");
}

function copied(answer) {
  const sources = answer.citations.map((citation) => `[${citation.n}] ${citedAs(citation)}`);
  return [answer.text, ...(sources.length ? ["依据：", ...sources, `（${madeFrom(answer)}）`] : [])].join("\n");
}

async function copyText(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "已复制";
  } catch {
    button.textContent = "复制失败，请长按选择文字";
  }
  setTimeout(() => (button.textContent = "复制"), 2000);
}
