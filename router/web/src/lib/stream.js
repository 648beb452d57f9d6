// Follows a stream of server-sent events. EventSource would hide what the desk needs to know: it does not show
// heartbeats, so a line that went dead without a word looks alive for minutes; it does not tell a session that is over
// from a network that is down; and it gives up for good on an error page of a proxy. So this reads the stream itself
// and resumes with Last-Event-ID as EventSource does.

const SILENCE = 25_000; // the server sends a heartbeat every 15 s
const PAUSES = [100, 500, 1000, 2000, 3000]; // before the next try, in ms

export class Stream {
  #address;
  #handlers;
  #last = null;
  #failures = 0;
  #stop = null;
  #state = "";
  #current = null;

  // handlers: event(name, data), state("live" | "reconnecting" | "elsewhere"), over()
  constructor(address, handlers) {
    this.#address = address;
    this.#handlers = handlers;
  }

  async run() {
    this.#stop = new AbortController();
    const stop = this.#stop.signal;
    while (!stop.aborted) {
      const wait = await this.#once(stop);
      if (wait === null || stop.aborted) return;
      await pause(wait, stop);
    }
  }

  close() {
    this.#stop?.abort();
  }

  // Begins afresh: what was open may be dead without a word, and what was told meanwhile is not worth catching up with.
  refresh() {
    if (this.#state === "elsewhere") return;
    this.#last = null;
    this.#become("reconnecting");
    this.#current?.abort();
  }

  // One connection; how long to wait before the next one, or null for none.
  async #once(stop) {
    const silence = (this.#current = new AbortController());
    let timer = setTimeout(() => silence.abort(), SILENCE);
    const offline = () => silence.abort();
    addEventListener("offline", offline);
    try {
      const headers = this.#last === null ? {} : { "Last-Event-ID": this.#last };
      const response = await fetch(this.#address, {
        headers,
        cache: "no-store",
        redirect: "error",
        signal: AbortSignal.any([stop, silence.signal]),
      });
      if (response.status === 401 || response.status === 403) {
        this.#handlers.over();
        return null;
      }
      if (!response.ok) throw new Error(`status ${response.status}`);
      const text = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await text.read();
        if (done) break;
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE);
        this.#failures = 0;
        this.#become("live");
        const parts = (rest + value).split("\n\n");
        rest = parts.pop();
        for (const part of parts) if (this.#take(part)) return null;
      }
    } catch {
      // the network, the server, or silence: try again
    } finally {
      clearTimeout(timer);
      removeEventListener("offline", offline);
      silence.abort(); // lets go of the connection
    }
    if (stop.aborted) return null;
    this.#become("reconnecting");
    return PAUSES[Math.min(this.#failures++, PAUSES.length - 1)] * (0.75 + Math.random() / 2);
  }

  // Takes one event; true when no more shall be read.
  #take(part) {
    let [name, data, id] = ["message", "", null];
    for (const line of part.split("\n")) {
      const at = line.indexOf(":");
      if (at < 1) continue; // a comment
      const value = line.slice(at + 1).replace(/^ /, "");
      if (line.startsWith("event:")) name = value;
      else if (line.startsWith("data:")) data += value;
      else if (line.startsWith("id:")) id = value;
    }
    if (id !== null) this.#last = id;
    if (!data) return false;
    if (name === "over") {
      this.#handlers.over();
      return true;
    }
    if (name === "elsewhere") {
      this.#become("elsewhere");
      return true;
    }
    this.#handlers.event(name, JSON.parse(data));
    return false;
  }

  #become(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#handlers.state(state);
  }
}

function pause(milliseconds, stop) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      stop.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done);
    stop.addEventListener("abort", done);
  });
}
