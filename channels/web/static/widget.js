// The chat page: joins the client, the connection and what is drawn.
import { AnswerView } from "./answer-view.js";
import { ChatClient } from "./client.js";
import { Connection } from "./connection.js";
import { element, regionName } from "./dom.js";
import { PeopleView } from "./people-view.js";
import { PoliciesView } from "./policies-view.js";
import { SourceView } from "./source-view.js";

const SAVED = "wenzheng.conversation";
const REGION = "wenzheng.region";
const LARGE = "wenzheng.large";
const NATIONAL = "全国";
const LINE_WORDS = {
  open: "",
  connecting: "正在重新连接…",
  lost: "连接中断，正在自动重连。您的问题和回答都不会丢失。",
};

const { hotline } = document.body.dataset;
const [log, busy, line, form, input, count, region, large] = [
  "log", "busy", "line", "composer", "question", "count", "region", "large",
].map((id) => document.getElementById(id));

const client = new ChatClient({ newId: () => newId(), saved: load(sessionStorage, SAVED) });
const connection = new Connection(client, { onHappening: happened, onState: showLine });
const source = new SourceView();
const people = new PeopleView({
  log,
  send: (frames) => connection.send(frames),
  client,
});
const policies = new PoliciesView({
  log,
  client,
  send: (frames) => connection.send(frames),
  openCitation: (citation, opener) => source.open(citation, opener),
});
const views = new Map();
let { homeRegion } = document.body.dataset;
let maxChars = Number(document.body.dataset.maxChars);

const draw = {
  ready({ regions, homeRegion: home, maxChars: most }) {
    homeRegion = home;
    maxChars = most;
    showRegions(regions);
    countCharacters();
  },
  question({ clientId, text }) {
    document.getElementById("intro")?.classList.add("asked");
    log.append(element("p", { class: "asked-text", "data-client-id": clientId, "aria-label": `您问：${text}` }, text));
    scrollDown();
  },
  accepted({ answerId }) {
    viewOf(answerId);
  },
  block({ answerId, index, block }) {
    viewOf(answerId).block(index, block);
    scrollDown();
  },
  answer({ answerId, answer }) {
    viewOf(answerId).finish(answer);
    scrollDown();
  },
  rated({ answerId, value }) {
    viewOf(answerId).rated(value);
  },
  refused({ clientId, code, message, again, retryAfterS }) {
    if (code === "not_ready" && clientId) {
      setTimeout(() => connection.send(client.retry(clientId)), (retryAfterS ?? 3) * 1000);
      busy.textContent = message;
      return;
    }
    const words = element("p", { class: "refused" }, message);
    if (again && clientId) {
      const retry = () => {
        words.remove();
        connection.send(client.retry(clientId));
        showBusy();
      };
      words.append(" ", element("button", { type: "button", onclick: retry }, "重试"));
    }
    log.append(words);
    scrollDown();
  },
};

function happened(happening) {
  draw[happening.kind]?.(happening);
  if (people.happened(happening)) scrollDown();
  if (policies.happened(happening)) scrollDown();
  if (happening.kind !== "refused" || happening.code !== "not_ready") showBusy();
  store(sessionStorage, SAVED, client.snapshot());
}

function viewOf(answerId) {
  if (!views.has(answerId)) {
    const view = new AnswerView({
      hotline,
      openCitation: (citation, opener) => source.open(citation, opener),
      ask: (text, chosen) => {
        if (chosen) chooseRegion(chosen);
        ask(text);
      },
      rate: (value, reason) => connection.send(client.rate(answerId, value, reason)),
    });
    views.set(answerId, view);
    log.append(view.root);
  }
  return views.get(answerId);
}

function ask(text) {
  const { frames, happenings } = client.ask(text, region.value || null);
  happenings.forEach(happened);
  connection.send(frames);
}

function showBusy() {
  busy.textContent = client.unanswered.length > 0 ? "正在查找现行有效的文件…" : "";
}

function showLine(state) {
  line.textContent = LINE_WORDS[state];
  line.hidden = state === "open";
}

function scrollDown() {
  const last = log.lastElementChild;
  const top = last.matches(".answer") ? last.previousElementSibling?.offsetTop ?? last.offsetTop : last.offsetTop;
  log.scrollTo({ top: top - 12 });
}

function showRegions(regions) {
  const chosen = load(sessionStorage, REGION) ?? homeRegion;
  const names = new Set([...regions, homeRegion].filter((name) => name && name !== NATIONAL));
  region.replaceChildren(
    ...(homeRegion ? [] : [element("option", { value: "" }, "未选择地区")]),
    element("option", { value: NATIONAL }, "只看全国规定"),
    ...[...names].sort((a, b) => a.localeCompare(b, "zh-CN")).map((name) => element("option", { value: name }, regionName(name))),
  );
  region.value = names.has(chosen) || chosen === NATIONAL ? chosen : homeRegion;
}

function chooseRegion(chosen) {
  if (![...region.options].some(({ value }) => value === chosen)) {
    region.append(element("option", { value: chosen }, regionName(chosen)));
  }
  region.value = chosen;
  store(sessionStorage, REGION, chosen);
}

function countCharacters() {
  const length = Array.from(input.value.trim()).length;
  const over = length > maxChars;
  count.textContent = over ? `已写 ${length} 个字，最多 ${maxChars} 个字` : length > maxChars * 0.8 ? `${length}/${maxChars}` : "";
  count.classList.toggle("over", over);
  return length > 0 && !over;
}

function setLarge(on) {
  document.documentElement.classList.toggle("large", on);
  large.setAttribute("aria-pressed", String(on));
}

function newId() {
  // randomUUID is there only on https and localhost; a county's machine room may serve plain http.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function load(storage, key) {
  try {
    return JSON.parse(storage.getItem(key));
  } catch {
    return null;
  }
}

function store(storage, key, value) {
  try {
    storage.setItem(key, JSON.stringify(value));
  } catch {
    // Without storage the page works until it is closed.
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!countCharacters()) return;
  const words = input.value.trim();
  if (client.person === "talking") connection.send(client.say(words));
  else ask(words);
  input.value = "";
  input.style.height = "";
  countCharacters();
});
input.addEventListener("keydown", (event) => {
  // Enter that picks a word in an input method must not send.
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
input.addEventListener("input", () => {
  input.style.height = "";
  input.style.height = `${Math.min(input.scrollHeight + 2, 160)}px`;
  countCharacters();
});
region.addEventListener("change", () => store(sessionStorage, REGION, region.value));
large.addEventListener("click", () => {
  setLarge(large.getAttribute("aria-pressed") !== "true");
  store(localStorage, LARGE, large.getAttribute("aria-pressed") === "true");
});
document.querySelectorAll(".first button").forEach((button) => button.addEventListener("click", () => ask(button.textContent)));

setLarge(load(localStorage, LARGE) === true);
showRegions([]);
connection.connect();
