// Keeps a WebSocket open for a ChatClient: connects, pings, and connects again when the line is lost.
const PING_MS = 25000;
const SILENT_MS = 60000;

export class Connection {
  #client;
  #onHappening;
  #onState;
  #socket = null;
  #timer = 0;
  #heard = 0;

  /** `onState` is told "open", "lost" (trying again) or "connecting". */
  constructor(client, { onHappening, onState }) {
    this.#client = client;
    this.#onHappening = onHappening;
    this.#onState = onState;
    setInterval(() => this.#keepAlive(), PING_MS);
    addEventListener("online", () => this.#connectNow());
    document.addEventListener("visibilitychange", () => document.hidden || this.#connectNow());
  }

  connect() {
    const address = new URL("/ws/v1/chat", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.#socket = socket;
    this.#heard = Date.now();
    socket.onopen = () => socket.send(this.#client.opened());
    socket.onmessage = ({ data }) => {
      this.#heard = Date.now();
      const { frames, happenings } = this.#client.receive(data);
      this.send(frames);
      for (const happening of happenings) {
        if (happening.kind === "ready") this.#onState("open");
        if (happening.kind === "gap") socket.close();
        else this.#onHappening(happening);
      }
    };
    socket.onclose = () => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      this.#onState("lost");
      this.#timer = setTimeout(() => this.#connectNow(), this.#client.closed(Math.random()));
    };
  }

  send(frames) {
    if (this.#socket?.readyState === WebSocket.OPEN) frames.forEach((frame) => this.#socket.send(frame));
  }

  #connectNow() {
    if (this.#socket) return;
    clearTimeout(this.#timer);
    this.#onState("connecting");
    this.connect();
  }

  #keepAlive() {
    // A line can die without saying so: one that stays silent through two pings is given up.
    if (this.#socket && Date.now() - this.#heard > SILENT_MS) this.#socket.close();
    else this.send(this.#client.ping(Date.now()));
  }
}
