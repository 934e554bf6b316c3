// 看看我能享受哪些政策: consent, a short form, what may fit with its reasons, reminders, and the way out again.
import { citedAs, element } from "./dom.js";
import { FIELDS, profileForm, readForm } from "./profile-form.js";
import { serviceCard } from "./service-card.js";

const BY_ITSELF = "免申即享";
const KINDS = { 免申即享: "免申即享 · 不用申请", 可申领: "可申领 · 要自己申请" };
const DELETED = "已撤回同意。您填写的资料、提醒和回答里的提示都已删除。";
const FORGOTTEN = "（您已撤回同意，这里原来的提示已删除。）";
const CAUTION = "这里只是拿您填写的内容对照政策条件，供您参考；是否符合由办理部门核定。";

export class PoliciesView {
  #panel = document.getElementById("policies");
  #title = document.getElementById("policies-title");
  #status = document.getElementById("policies-status");
  #body = document.getElementById("policies-body");
  #opener = document.getElementById("policies-open");
  #page;
  #state = null;
  #shown = new Set();

  /** @param page {log, client, send(frames), openCitation(citation, opener)} */
  constructor(page) {
    this.#page = page;
    this.#opener.addEventListener("click", () => this.#open());
    document.getElementById("policies-close").addEventListener("click", () => this.#close());
    const source = document.getElementById("source");
    // Before the source panel's own: Escape closes what is on top, one at a time.
    const escape = ({ key }) => key === "Escape" && source.hidden && !this.#panel.hidden && this.#close();
    addEventListener("keydown", escape, { capture: true });
  }

  /** Take note of what happened; true if something was written into the log. */
  happened(happening) {
    if (happening.kind === "policies") this.#draw(happening);
    if (happening.kind === "refused" && !happening.clientId && !this.#panel.hidden) this.#say(happening.message);
    // A new line knows nothing of this page: what was open is asked for again.
    if (happening.kind === "ready" && !this.#panel.hidden) this.#send(this.#page.client.openProfile());
    return happening.kind === "policyReminders" && this.#remind(happening.reminders);
  }

  #open() {
    this.#panel.hidden = false;
    this.#opener.setAttribute("aria-expanded", "true");
    document.body.classList.add("with-policies");
    if (!this.#state) this.#body.replaceChildren(element("p", { class: "loading" }, "正在打开…"));
    this.#say("");
    this.#title.focus({ preventScroll: true });
    this.#send(this.#page.client.openProfile());
  }

  #close() {
    this.#panel.hidden = true;
    this.#opener.setAttribute("aria-expanded", "false");
    document.body.classList.remove("with-policies");
    this.#opener.focus();
  }

  #send(frames) {
    if (frames.length === 0) this.#say("现在没有连上，请稍后再试。");
    this.#page.send(frames);
  }

  #say(words) {
    this.#status.textContent = words;
  }

  #draw(state) {
    const before = this.#state;
    this.#state = state;
    if (state.deleted) this.#forget();
    if (!state.consent.given) {
      this.#body.replaceChildren(...this.#consent(state));
      this.#say(state.deleted ? DELETED : "");
      return;
    }
    const first = !before?.consent.given;
    const details = first ? [] : [...this.#body.querySelectorAll("details.group[open]")].map(({ dataset }) => dataset.field);
    const results = this.#results(state);
    const form = this.#form(state, details);
    const isNew = this.#isEmpty(state.told);
    // Once something is told what comes of it stands first, and the form is a tap away.
    const mine = element("details", { class: "mine", open: isNew }, element("summary", {}, "我的情况（点开填写或修改）"), form);
    this.#body.replaceChildren(mine, isNew ? "" : results, this.#wayOut());
    if (isNew) {
      this.#say("");
      form.querySelector("input, select")?.focus();
      return;
    }
    const { matches, undecided } = state.found;
    this.#say(`您可能符合 ${matches.length} 项政策，还有 ${undecided.length} 项差一个条件就能判断。`);
    if (!first) results.querySelector("h3").focus();
  }

  #isEmpty({ birth_year: year, region, children, tags, enterprise, without }) {
    return !year && !region && !children && ![...tags, ...enterprise, ...without].length;
  }

  #consent({ consent: { text, version } }) {
    const agree = () => this.#send(this.#page.client.consentToProfile(version));
    return [
      element("p", {}, "填几项情况，就能看到哪些政策可能适用于您，依据哪一条，去哪里办。"),
      element("h3", {}, "先请您同意"),
      element("p", { class: "consent-text" }, text),
      element(
        "div",
        { class: "people-actions" },
        element("button", { type: "button", class: "main", onclick: agree }, "同意，开始填写"),
        element("button", { type: "button", onclick: () => this.#close() }, "不同意，关闭"),
      ),
    ];
  }

  #form({ form, told }, opened) {
    const made = profileForm(form, told, opened);
    made.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send(this.#page.client.saveProfile(readForm(made, form, told)));
    });
    return made;
  }

  #results({ found: { matches, undecided, open_count: open } }) {
    const sorted = [...matches].sort((a, b) => (b.kind === BY_ITSELF) - (a.kind === BY_ITSELF));
    const more = open > 0 && element("p", { class: "detail" }, `另有 ${open} 项，要多填几项情况才能判断。`);
    return element(
      "section",
      { class: "policies-found", "aria-label": "结果" },
      element("h3", { tabindex: "-1" }, `您可能符合（${matches.length} 项）`),
      matches.length === 0 && element("p", {}, "按现在填写的内容，还没有能看出可能符合的政策。"),
      ...sorted.map((policy) => this.#policy(policy)),
      undecided.length > 0 && element("h3", {}, `还差一项就能判断（${undecided.length} 项）`),
      ...undecided.map((policy) => this.#policy(policy)),
      more,
      element("p", { class: "notice" }, CAUTION),
    );
  }

  #policy(policy) {
    const { title, kind, reason, because, until, question, card } = policy;
    const known = because.length > 0 && `${question ? "已经知道" : "因为您"}：${because.join("；")}`;
    return element(
      "article",
      { class: "policy", "aria-label": title },
      element("h4", {}, title, " ", element("span", { class: `badge ${kind === BY_ITSELF ? "in-force" : "apply"}` }, KINDS[kind])),
      element("p", {}, question ? question.text : reason),
      question && this.#answers(question),
      known && element("p", { class: "detail" }, known),
      until && element("p", { class: "detail" }, `截止 ${until}`),
      this.#basis(policy),
      card && !question && element("div", { class: "services" }, serviceCard(card)),
    );
  }

  #basis({ citation, basis }) {
    if (!citation) return element("p", { class: "detail" }, `依据${basis}`);
    return element(
      "div",
      {},
      element("blockquote", { class: "quoted" }, citation.quote),
      element(
        "button",
        { type: "button", class: "citation", onclick: ({ currentTarget }) => this.#page.openCitation(citation, currentTarget) },
        `依据${citedAs(citation)}`,
      ),
    );
  }

  #answers({ field, marks, text }) {
    const said = (had, not) => () => {
      const { told } = this.#state;
      const without = told.without.filter((one) => !had.includes(one));
      this.#send(this.#page.client.saveProfile({ ...told, [field]: [...told[field], ...had], without: [...without, ...not] }));
    };
    const button = (words, onclick) => element("button", { type: "button", onclick }, words);
    const buttons = marks.length
      ? [
          ...marks.map((mark) => button(marks.length === 1 ? "有" : mark, said([mark], []))),
          button(marks.length === 1 ? "没有" : "都没有", said([], marks)),
        ]
      : [button(`去填“${FIELDS[field]}”`, () => this.#fill(field))];
    return element("div", { class: "people-actions", role: "group", "aria-label": text }, ...buttons);
  }

  #fill(field) {
    this.#body.querySelector(".mine").open = true;
    const control = this.#body.querySelector(`[name="${field === "children" ? "child_count" : field}"]`);
    control?.scrollIntoView({ block: "center" });
    control?.focus();
  }

  #wayOut() {
    const withdraw = () => this.#send(this.#page.client.withdrawProfile());
    return element(
      "div",
      { class: "people-actions" },
      element("button", { type: "button", class: "withdraw", onclick: withdraw }, "撤回同意并删除"),
    );
  }

  #remind(reminders) {
    let drawn = false;
    for (const { id, text } of reminders) {
      if (this.#shown.has(id)) continue;
      this.#shown.add(id);
      const dismiss = () => {
        this.#page.send(this.#page.client.dismissReminder(id));
        shown.remove();
      };
      const shown = element(
        "article",
        { class: "spoken policy-reminder", "aria-label": "政策提醒" },
        element("p", { class: "spoken-by" }, "政策提醒"),
        element("p", {}, text),
        element(
          "div",
          { class: "people-actions" },
          element("button", { type: "button", onclick: () => this.#open() }, "看看详情"),
          element("button", { type: "button", onclick: dismiss }, "知道了"),
        ),
      );
      this.#page.log.append(shown);
      drawn = true;
    }
    return drawn;
  }

  /** What is on the page goes as well, not only what is kept. */
  #forget() {
    this.#page.log.querySelectorAll(".policy-reminder").forEach((one) => one.remove());
    this.#page.log.querySelectorAll(".policy-mention").forEach((one) => (one.textContent = FORGOTTEN));
    this.#shown.clear();
  }
}
