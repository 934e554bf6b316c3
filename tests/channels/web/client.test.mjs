// The sans-I/O client, driven without a page or a socket. Run by test_static.py, or: node --test tests/channels/web/
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

// Read as text, because an older node takes a .js file without a package.json for CommonJS.
const source = readFileSync(new URL("../../../channels/web/static/client.js", import.meta.url), "utf8");
const { ChatClient } = await import(`data:text/javascript,${encodeURIComponent(source)}`);

const WELCOME = {
  type: "welcome", seq: 0, conversation_id: "c", resume_token: "token", version: 1, resumed: false,
  home_region: "云岭省/云州市", regions: ["全国"], limits: { max_question_chars: 500 },
};
const accepted = (seq, clientId) => ({ type: "accepted", seq, client_id: clientId, answer_id: `a-${clientId}` });
const block = (seq, clientId, index) => ({ type: "block", seq, answer_id: `a-${clientId}`, index, block: { type: "paragraph", text: "文" } });
const answer = (seq, clientId) => ({ type: "answer", seq, answer_id: `a-${clientId}`, client_id: clientId, answer: { text: "文" } });

function newClient(saved = null) {
  let ids = 0;
  return new ChatClient({ newId: () => `q${(ids += 1)}`, saved });
}
const give = (client, message) => client.receive(JSON.stringify(message));
const kinds = ({ happenings }) => happenings.map(({ kind }) => kind);
const sent = (frames) => frames.map((frame) => JSON.parse(frame));

test("says hello, and asks once it is welcome", () => {
  const client = newClient();
  assert.equal(JSON.parse(client.opened()).last_seq, 0);
  assert.deepEqual(client.ask("公积金怎么提取？").frames, []);
  const { frames, happenings } = give(client, WELCOME);
  assert.deepEqual(sent(frames), [{ type: "question", client_id: "q1", text: "公积金怎么提取？", region: null }]);
  assert.deepEqual(happenings[0].regions, ["全国"]);
  assert.equal(sent(client.ask("多久？", "云岭省").frames)[0].region, "云岭省");
});

test("hands out an answer block by block", () => {
  const client = newClient();
  give(client, WELCOME);
  client.ask("问");
  assert.deepEqual(kinds(give(client, accepted(1, "q1"))), ["accepted"]);
  assert.deepEqual(kinds(give(client, block(2, "q1", 0))), ["block"]);
  assert.equal(client.unanswered.length, 1);
  assert.deepEqual(kinds(give(client, answer(3, "q1"))), ["answer"]);
  assert.equal(client.unanswered.length, 0);
});

test("takes each message once and in order", () => {
  const client = newClient();
  give(client, WELCOME);
  client.ask("问");
  assert.deepEqual(kinds(give(client, block(2, "q1", 0))), ["gap"]);
  assert.deepEqual(kinds(give(client, accepted(1, "q1"))), ["accepted", "block"]);
  assert.deepEqual(kinds(give(client, accepted(1, "q1"))), []);
  assert.equal(client.lastSeq, 2);
});

test("resumes with its token where it was, and repeats what was not answered", () => {
  const client = newClient();
  give(client, WELCOME);
  client.ask("一");
  give(client, accepted(1, "q1"));
  client.closed(0);
  client.ask("二");
  const hello = JSON.parse(client.opened());
  assert.deepEqual([hello.resume_token, hello.last_seq], ["token", 1]);
  const { frames } = give(client, { ...WELCOME, seq: 1, resumed: true });
  assert.deepEqual(sent(frames).map(({ client_id: id }) => id), ["q1", "q2"]);
  assert.deepEqual(kinds(give(client, answer(2, "q1"))), ["answer"]);
});

test("starts counting anew when the server knows nothing of it", () => {
  const client = newClient();
  give(client, WELCOME);
  client.ask("一");
  give(client, accepted(1, "q1"));
  client.closed(0);
  client.opened();
  give(client, WELCOME);
  assert.deepEqual(kinds(give(client, accepted(1, "q1"))), ["accepted"]);
});

test("waits longer after each failure, never beyond 15 s, and shortly again after a success", () => {
  const client = newClient();
  const delays = Array.from({ length: 8 }, () => client.closed(1));
  assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);
  give(client, WELCOME);
  assert.equal(client.closed(0), 250);
});

test("keeps a refused question for another try under its own id", () => {
  const client = newClient();
  give(client, WELCOME);
  client.ask("问");
  const error = { type: "error", seq: 0, code: "rate_limited", message: "太快", client_id: "q1", retry_after_s: 2 };
  const [refused] = give(client, error).happenings;
  assert.deepEqual([refused.again, refused.retryAfterS, client.unanswered.length], [true, 2, 0]);
  assert.equal(sent(client.retry("q1"))[0].client_id, "q1");
  assert.equal(client.unanswered.length, 1);
});

test("redraws the whole conversation from what was saved", () => {
  const first = newClient();
  give(first, WELCOME);
  first.ask("一");
  [accepted(1, "q1"), answer(2, "q1")].forEach((message) => give(first, message));
  const second = newClient(JSON.parse(JSON.stringify(first.snapshot())));
  const hello = JSON.parse(second.opened());
  assert.deepEqual([hello.resume_token, hello.last_seq], ["token", 0]);
  assert.deepEqual(give(second, { ...WELCOME, resumed: true }).frames, []);
  assert.deepEqual(kinds(give(second, accepted(1, "q1"))), ["question", "accepted"]);
  assert.deepEqual(kinds(give(second, answer(2, "q1"))), ["answer"]);
});

test("ignores kinds of message it does not know", () => {
  const client = newClient();
  give(client, WELCOME);
  assert.deepEqual(give(client, { type: "news", seq: 1 }), { frames: [], happenings: [] });
  assert.equal(client.lastSeq, 1, "or all that follows would wait for it");
});

test("waits for a person, talks, and is alone again", () => {
  const client = newClient();
  give(client, WELCOME);
  assert.deepEqual(sent(client.callPerson()), [{ type: "call_person", department: "" }]);
  const [waiting] = give(client, { type: "queued", seq: 1, position: 3, expected_wait_s: 300, reason: "asked" }).happenings;
  assert.deepEqual(waiting, { kind: "waiting", position: 3, expectedWaitS: 300, reason: "asked" });
  assert.equal(client.person, "waiting");
  give(client, { type: "agent_joined", seq: 2, name: "小李", role: "agent" });
  assert.equal(client.person, "talking");
  assert.deepEqual(kinds(give(client, { type: "agent_message", seq: 3, id: 1, name: "小李", text: "您好" })), ["agentMessage"]);
  give(client, { type: "handed_back", seq: 4, reason: "to_bot" });
  assert.equal(client.person, "alone");
});

test("says again what was not recorded when the line was lost", () => {
  const client = newClient();
  give(client, WELCOME);
  const [frame] = sent(client.say("在吗"));
  client.closed(0);
  client.say("还在吗");
  const again = sent(give(client, { ...WELCOME, resumed: true }).frames);
  assert.deepEqual(again.map(({ text }) => text), ["在吗", "还在吗"]);
  assert.equal(again[0].client_id, frame.client_id);
  give(client, { type: "said", seq: 1, client_id: frame.client_id, text: "在吗" });
  client.closed(0);
  assert.deepEqual(sent(give(client, { ...WELCOME, resumed: true }).frames).map(({ text }) => text), ["还在吗"]);
});

test("leaves a ticket, looks it up and rates", () => {
  const client = newClient();
  give(client, WELCOME);
  const [ticket] = sent(client.openTicket({ category: "咨询", text: "怎么办" }));
  assert.deepEqual([ticket.type, ticket.contact, ticket.consent], ["open_ticket", "", false]);
  const shown = give(client, { type: "ticket", seq: 1, client_id: ticket.client_id, number: "WZ1", code: "AB", category: "咨询", department: "部门", due: "2026-12-02" });
  assert.equal(shown.happenings[0].code, "AB");
  const found = give(client, { type: "ticket_progress", seq: 1, ticket: { number: "WZ1" } });
  assert.deepEqual([kinds(found), client.lastSeq], [["ticketProgress"], 1]);
  assert.deepEqual(sent(client.rateService("WZ1", 2, ["等待太久"])), [
    { type: "rate", about: "WZ1", level: 2, reasons: ["等待太久"], text: "" },
  ]);
});

/** A small repeatable source of chance (mulberry32). */
function chance(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("over 500 bad lines: drops, duplicates and reorders never lose, repeat or shuffle a message", () => {
  for (let seed = 1; seed <= 500; seed += 1) {
    const random = chance(seed);
    const log = Array.from({ length: 30 }, (_, at) => block(at + 1, "q1", at));
    const client = newClient();
    const held = [];
    const take = (message) => held.push(...give(client, message).happenings.filter(({ kind }) => kind === "block"));
    client.opened();
    give(client, WELCOME);
    for (let tries = 0; held.length < log.length && tries < 200; tries += 1) {
      const line = log.slice(client.lastSeq);
      for (const message of line) {
        const roll = random();
        if (roll < 0.1) continue;
        if (roll < 0.2) take(log[Math.floor(random() * log.length)]);
        if (roll > 0.95) break;
        take(message);
      }
      client.closed(random());
      client.opened();
      give(client, { ...WELCOME, resumed: true, seq: client.lastSeq });
    }
    assert.deepEqual(held.map(({ index }) => index), log.map((_, at) => at), `seed ${seed}`);
  }
});

test("what concerns the profile takes no seq and is handed out as it comes", () => {
  const client = newClient();
  assert.deepEqual(client.openProfile(), []);
  give(client, WELCOME);
  assert.deepEqual(sent(client.openProfile()), [{ type: "open_profile" }]);
  assert.deepEqual(sent(client.saveProfile({ birth_year: 1960 })), [{ type: "save_profile", told: { birth_year: 1960 } }]);
  const policies = { type: "policies", seq: 0, consent: { given: true }, deleted: false };
  const { happenings } = give(client, policies);
  assert.deepEqual(happenings, [{ kind: "policies", consent: { given: true }, deleted: false }]);
  assert.equal(give(client, policies).happenings.length, 1);
  assert.equal(client.lastSeq, 0);
  assert.deepEqual(kinds(give(client, { type: "policy_reminders", seq: 0, reminders: [] })), ["policyReminders"]);
});
