// Asking for a person, the place in the queue, talking, leaving and finding a ticket, rating: what a citizen sees of it.
import { element } from "./dom.js";

const CATEGORIES = ["咨询", "求助", "建议", "投诉", "举报"];
const LEVELS = [[5, "非常满意"], [4, "满意"], [3, "基本满意"], [2, "不满意"], [1, "非常不满意"]];
const GOOD = ["回答准确", "答复及时", "态度好"];
const BAD = ["没有解决问题", "答非所问", "等待太久", "态度不好", "内容过时", "操作不便"];
const AGAIN = {
  agent_lost: "坐席掉线了，您已回到队首。",
  agent_silent: "坐席没有及时答复，您已回到队首。",
  transferred: "正在为您转到对应的部门。",
};
const BACK = {
  cancelled: "已取消人工服务，您可以继续提问。",
  agent_ended: "人工服务已结束，您可以评价，也可以继续提问。",
  to_bot: "人工客服已把对话转回智能问答，请继续提问。",
  idle: "较长时间没有消息，人工服务已结束。",
  left: "您离开了较长时间，排队已取消。",
  ticket: "已改为工单，不再排队。",
};
const WHY = {
  closed: "现在不是人工服务时间",
  unstaffed: "现在没有能接待的坐席",
  full: "现在排队的人太多",
  long_wait: "等待时间较长，可以继续等，也可以留下工单",
  in_writing: "这类事项由部门书面答复",
};
const STATUS = { open: "待受理", handling: "办理中", replied: "已答复", closed: "已办结" };

const [person, call, leave, ticketForm, findForm, rateForm, why, levels, reasons] = [
  "person", "call", "leave", "ticket-form", "find-form", "rate-form", "ticket-why", "levels", "rate-reasons",
].map((id) => document.getElementById(id));
const forms = { "ticket-open": ticketForm, "find-open": findForm, "rate-open": rateForm };

export class PeopleView {
  #log;
  #client;
  #send;
  #about = "conversation";
  #name = "";

  /** @param {{log: Element, client: ChatClient, send(frames: string[])}} page */
  constructor({ log, client, send }) {
    this.#log = log;
    this.#client = client;
    this.#send = send;
    call.addEventListener("click", () => send(client.callPerson()));
    leave.addEventListener("click", () => send(client.leavePerson()));
    for (const [id, form] of Object.entries(forms)) {
      document.getElementById(id).addEventListener("click", () => show(form.hidden ? form : null));
    }
    offer(CATEGORIES);
    levels.append(...LEVELS.map(([level, name]) => choice("radio", "level", level, name)));
    reasons.append(...[...BAD, ...GOOD].map((reason) => choice("checkbox", "reason", reason, reason)));
    ticketForm.addEventListener("submit", (event) => this.#openTicket(event));
    findForm.addEventListener("submit", (event) => this.#findTicket(event));
    rateForm.addEventListener("submit", (event) => this.#rate(event));
  }

  /** Take note of what happened; true if something was written into the log. */
  happened(happening) {
    const drawn = this.#draw[happening.kind]?.(happening);
    this.#showState();
    if (drawn) this.#log.append(drawn);
    return Boolean(drawn);
  }

  #draw = {
    waiting: ({ position, expectedWaitS, reason }) => {
      person.textContent = `正在排队：第 ${position} 位，${waitWords(expectedWaitS)}。排队时可以继续提问。`;
      return AGAIN[reason] && note(AGAIN[reason]);
    },
    talking: ({ name, role }) => {
      if (role === "agent") {
        this.#name = name;
        this.#about = "person";
      }
      person.textContent = `${this.#name} 正在为您服务，直接在下面输入即可。`;
      return note(role === "supervisor" ? `班长 ${name} 加入了对话。` : `${name} 已接入，看得到前面的对话。`);
    },
    alone: ({ reason }) => {
      person.textContent = "";
      if (reason === "agent_ended" || reason === "to_bot") show(rateForm, false);
      return note(BACK[reason]);
    },
    agentMessage: ({ name, text }) =>
      element("article", { class: "spoken", "aria-label": `${name}说` }, element("p", { class: "spoken-by" }, name), element("p", { class: "words" }, text)),
    said: ({ text }) => element("p", { class: "asked-text", "aria-label": `您说：${text}` }, text),
    ticketOffered: ({ reason, opensAt, categories }) => {
      offer(categories);
      const opens = opensAt ? `，下次开始时间 ${when(opensAt)}` : "";
      why.textContent = `${WHY[reason]}${opens}。留下工单，部门会在期限内答复。`;
      show(ticketForm, false);
      return note(why.textContent);
    },
    ticket: ({ number, code, department, due }) => {
      ticketForm.reset();
      show(null);
      return element(
        "article",
        { class: "spoken", "aria-label": "工单" },
        element("p", { class: "spoken-by" }, "工单已提交"),
        element("p", {}, `编号 ${number}，查询码 ${code}。请记下，凭这两项可以查看进度。`),
        element("p", {}, `由${department}办理，${due} 前答复。答复会出现在这里。`),
      );
    },
    ticketChanged: ({ number, status, due, text }) => {
      if (status === "replied" || status === "closed") this.#about = number;
      const until = status === "open" ? `，${due} 前答复` : "";
      return element(
        "article",
        { class: "spoken", "aria-label": "工单进展" },
        element("p", { class: "spoken-by" }, `工单 ${number}：${STATUS[status]}${until}`),
        text && element("p", { class: "words" }, text),
      );
    },
    ticketProgress: ({ ticket }) => {
      show(null);
      const steps = ticket.history.map(({ at, status, text }) =>
        element("li", {}, `${when(at)} ${STATUS[status]}${text ? `：${text}` : ""}`),
      );
      return element(
        "article",
        { class: "spoken", "aria-label": "工单进度" },
        element("p", { class: "spoken-by" }, `工单 ${ticket.number}：${ticket.status_name}`),
        element("p", {}, `${ticket.category}，${ticket.department}，${ticket.due_on} 到期${ticket.overdue ? "（已超期）" : ""}`),
        element("p", { class: "words" }, ticket.text),
        element("ul", {}, ...steps),
      );
    },
    serviceRated: ({ level, due }) => {
      rateForm.reset();
      show(null);
      const more = due ? `我们会在 ${due} 前核查整改。` : "";
      return note(`谢谢您的评价：${LEVELS.find(([one]) => one === level)[1]}。${more}`);
    },
  };

  #showState() {
    const { person: state } = this.#client;
    call.hidden = state !== "alone";
    leave.hidden = state === "alone";
    leave.textContent = state === "talking" ? "结束人工服务" : "取消排队";
  }

  #openTicket(event) {
    event.preventDefault();
    const given = new FormData(ticketForm);
    const [category, text, contact] = ["category", "text", "contact"].map((name) => given.get(name).trim());
    this.#send(this.#client.openTicket({ category, text, contact, consent: given.has("consent") }));
  }

  #findTicket(event) {
    event.preventDefault();
    const given = new FormData(findForm);
    this.#send(this.#client.findTicket(given.get("number").trim(), given.get("code").trim()));
  }

  #rate(event) {
    event.preventDefault();
    const given = new FormData(rateForm);
    const level = Number(given.get("level"));
    if (level) this.#send(this.#client.rateService(this.#about, level, given.getAll("reason"), given.get("text").trim()));
  }
}

function show(form, focus = true) {
  for (const [id, one] of Object.entries(forms)) {
    one.hidden = one !== form;
    document.getElementById(id).setAttribute("aria-expanded", String(one === form));
  }
  if (form && focus) form.querySelector("select, input, textarea").focus();
}

function offer(categories) {
  ticketForm.elements.category.replaceChildren(...categories.map((name) => element("option", { value: name }, name)));
}

function choice(type, name, value, words) {
  return element("label", { class: "check" }, element("input", { type, name, value, required: type === "radio" }), ` ${words}`);
}

function note(words) {
  return element("p", { class: "notice people-note" }, words);
}

function waitWords(seconds) {
  if (seconds === null) return "暂时没有能接待的坐席";
  return seconds < 60 ? "马上就到" : `预计还要等约 ${Math.ceil(seconds / 60)} 分钟`;
}

function when(moment) {
  return new Date(moment).toLocaleString("zh-CN", { timeZone: "Asia/Shanghai", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
}
