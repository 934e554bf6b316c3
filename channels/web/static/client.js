/**
 * The client's side of /ws/v1/chat, version 1. No DOM, no socket, no clock: it is told what arrives and says
 * what to send and what happened, so a page, a mini-program and a test can all drive it.
 *
 * Frames to send are strings. Happenings are objects with a `kind`:
 *   ready {resumed, regions, homeRegion, maxChars}    question {clientId, text}
 *   accepted {clientId, answerId}                     block {answerId, index, block}
 *   answer {answerId, clientId, answer}               rated {answerId, value}
 *   refused {clientId, code, message, retryAfterS}    gap {}   pong {t}
 * and about people, tickets and ratings:
 *   waiting {position, expectedWaitS, reason}         talking {name, role}         alone {reason}
 *   agentMessage {id, name, text}                     said {clientId, text}        serviceRated {about, level, due}
 *   ticketOffered {reason, opensAt, categories}       ticket {number, code, …}     ticketChanged {number, status, due, text}
 *   ticketProgress {ticket}
 * and about the citizen's profile and what it leads to, never numbered and never kept:
 *   policies {consent, form, told, found, deleted}    policyReminders {reminders}
 */
const TRANSIENT = new Set(["rate_limited", "not_ready", "internal"]);
const UNNUMBERED = { ticket_progress: "ticketProgress", policies: "policies", policy_reminders: "policyReminders" };
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15000;

export class ChatClient {
  #newId;
  #token = null;
  #lastSeq = 0;
  #early = new Map();
  #questions = new Map();
  #unsaid = new Map();
  #person = "alone";
  #open = false;
  #failures = 0;

  /**
   * @param {{newId: () => string, saved?: object|null}} options `saved` is what `snapshot` returned
   *     earlier; every message of that conversation is then asked for again.
   */
  constructor({ newId, saved = null }) {
    this.#newId = newId;
    if (saved) {
      this.#token = saved.token;
      this.#questions = new Map(saved.questions.map((one) => [one.clientId, { ...one, shown: false }]));
    }
  }

  get lastSeq() {
    return this.#lastSeq;
  }

  /** "alone", "waiting" for a person, or "talking" with one. */
  get person() {
    return this.#person;
  }

  /** Questions that have neither been answered nor refused for good. */
  get unanswered() {
    return [...this.#questions.values()].filter((one) => !one.done);
  }

  /** What has to be kept to go on after the page is loaded anew. */
  snapshot() {
    const questions = [...this.#questions.values()].map(({ shown, ...kept }) => kept);
    return { token: this.#token, questions };
  }

  /** The line is open: what to send first. */
  opened() {
    const hello = { type: "hello", last_seq: this.#lastSeq, locale: "zh-CN", client: "web/1" };
    if (this.#token) hello.resume_token = this.#token;
    return JSON.stringify(hello);
  }

  /** The line is gone: how many milliseconds to wait before the next try; `chance` is in [0, 1). */
  closed(chance) {
    this.#open = false;
    this.#early.clear();
    const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures);
    this.#failures += 1;
    return Math.round(longest * (0.5 + chance / 2));
  }

  /** Ask; a question asked without a line is sent when it is back. */
  ask(text, region = null) {
    const question = { clientId: this.#newId(), text, region, done: false, shown: true };
    this.#questions.set(question.clientId, question);
    const happening = { kind: "question", clientId: question.clientId, text };
    return { frames: this.#open ? [questionFrame(question)] : [], happenings: [happening] };
  }

  /** Send a refused question again under its own id. */
  retry(clientId) {
    const question = this.#questions.get(clientId);
    if (!question) return [];
    question.done = false;
    return this.#open ? [questionFrame(question)] : [];
  }

  rate(answerId, value, reason = "") {
    return this.#frame({ type: "feedback", answer_id: answerId, value, reason });
  }

  callPerson(department = "") {
    return this.#frame({ type: "call_person", department });
  }

  leavePerson() {
    return this.#frame({ type: "leave_person" });
  }

  /** Say something to the person; without a line it is said when it is back. */
  say(text) {
    const clientId = this.#newId();
    this.#unsaid.set(clientId, text);
    return this.#frame({ type: "say", client_id: clientId, text });
  }

  openTicket({ category, text, contact = "", consent = false }) {
    return this.#frame({ type: "open_ticket", client_id: this.#newId(), category, text, contact, consent });
  }

  findTicket(number, code) {
    return this.#frame({ type: "find_ticket", number, code });
  }

  reopenTicket(number, code, text = "") {
    return this.#frame({ type: "reopen_ticket", number, code, text });
  }

  /** 好差评: level 5 to 1; `about` is "conversation", "person" or the number of a ticket. */
  rateService(about, level, reasons = [], text = "") {
    return this.#frame({ type: "rate", about, level, reasons, text });
  }

  /** Ask how the profile stands: what is asked, and with consent what was told and found. */
  openProfile() {
    return this.#frame({ type: "open_profile" });
  }

  consentToProfile(version) {
    return this.#frame({ type: "consent_profile", version });
  }

  /** @param told {birth_year, region, children, tags, enterprise, without} */
  saveProfile(told) {
    return this.#frame({ type: "save_profile", told });
  }

  withdrawProfile() {
    return this.#frame({ type: "withdraw_profile" });
  }

  dismissReminder(id) {
    return this.#frame({ type: "dismiss_reminder", id });
  }

  ping(t) {
    return this.#frame({ type: "ping", t });
  }

  #frame(message) {
    return this.#open ? [JSON.stringify(message)] : [];
  }

  /** A frame arrived. @returns {{frames: string[], happenings: object[]}} */
  receive(frame) {
    const message = JSON.parse(frame);
    if (message.type === "welcome") return this.#welcome(message);
    if (message.type === "error") return { frames: [], happenings: [this.#refused(message)] };
    if (message.type === "pong") return { frames: [], happenings: [{ kind: "pong", t: message.t }] };
    if (UNNUMBERED[message.type]) {
      const { type, seq, ...news } = message;
      return { frames: [], happenings: [{ kind: UNNUMBERED[type], ...news }] };
    }
    return { frames: [], happenings: this.#inOrder(message) };
  }

  #welcome(message) {
    this.#open = true;
    this.#failures = 0;
    this.#token = message.resume_token;
    if (!message.resumed) {
      this.#lastSeq = 0;
      this.#person = "alone";
    }
    const ready = {
      kind: "ready",
      resumed: message.resumed,
      regions: message.regions,
      homeRegion: message.home_region,
      maxChars: message.limits.max_question_chars,
    };
    const unsaid = [...this.#unsaid].map(([clientId, text]) => JSON.stringify({ type: "say", client_id: clientId, text }));
    return { frames: [...this.unanswered.map(questionFrame), ...unsaid], happenings: [ready] };
  }

  #refused(message) {
    const question = this.#questions.get(message.client_id);
    if (question) question.done = true;
    this.#unsaid.delete(message.client_id);
    return {
      kind: "refused",
      clientId: question ? message.client_id : null,
      text: question?.text ?? "",
      code: message.code,
      message: message.message,
      again: TRANSIENT.has(message.code),
      retryAfterS: message.retry_after_s ?? null,
    };
  }

  /** Hand out messages by rising seq, each once; one that came early waits for those before it. */
  #inOrder(message) {
    if (message.seq <= this.#lastSeq) return [];
    this.#early.set(message.seq, message);
    const happenings = [];
    while (this.#early.has(this.#lastSeq + 1)) {
      this.#lastSeq += 1;
      const next = this.#early.get(this.#lastSeq);
      this.#early.delete(this.#lastSeq);
      happenings.push(...this.#happened(next));
    }
    if (this.#early.size > 0) happenings.push({ kind: "gap" });
    return happenings;
  }

  #happened(message) {
    const question = this.#questions.get(message.client_id);
    switch (message.type) {
      case "accepted": {
        const accepted = { kind: "accepted", clientId: message.client_id, answerId: message.answer_id };
        if (!question || question.shown) return [accepted];
        question.shown = true;
        return [{ kind: "question", clientId: question.clientId, text: question.text }, accepted];
      }
      case "block":
        return [{ kind: "block", answerId: message.answer_id, index: message.index, block: message.block }];
      case "answer":
        if (question) question.done = true;
        return [
          { kind: "answer", answerId: message.answer_id, clientId: message.client_id, answer: message.answer },
        ];
      case "feedback_saved":
        return [{ kind: "rated", answerId: message.answer_id, value: message.value }];
      default:
        return this.#ofPeople(message);
    }
  }

  /** A kind that is not known takes its seq and is no happening: a newer server may say more. */
  #ofPeople({ type, seq, ...message }) {
    switch (type) {
      case "queued": {
        this.#person = "waiting";
        const { position, expected_wait_s: expectedWaitS, reason } = message;
        return [{ kind: "waiting", position, expectedWaitS, reason }];
      }
      case "agent_joined":
        this.#person = "talking";
        return [{ kind: "talking", ...message }];
      case "handed_back":
        this.#person = "alone";
        return [{ kind: "alone", ...message }];
      case "agent_message":
        return [{ kind: "agentMessage", ...message }];
      case "said":
        this.#unsaid.delete(message.client_id);
        return [{ kind: "said", clientId: message.client_id, text: message.text }];
      case "ticket_offered":
        return [{ kind: "ticketOffered", reason: message.reason, opensAt: message.opens_at, categories: message.categories }];
      case "ticket":
        return [{ kind: "ticket", ...message }];
      case "ticket_changed":
        return [{ kind: "ticketChanged", ...message }];
      case "rating_saved":
        return [{ kind: "serviceRated", ...message }];
      default:
        return [];
    }
  }
}

function questionFrame({ clientId, text, region }) {
  return JSON.stringify({ type: "question", client_id: clientId, text, region });
}
