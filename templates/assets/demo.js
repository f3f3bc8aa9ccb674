/** The live model's controls. What they need, the model and its drawing, comes with the first touch. */

const LONGEST = 40; // tokens in one go
const PACE = 350; // milliseconds a token: slow enough to read along

const calm = matchMedia("(prefers-reduced-motion: reduce)");

class AutoregressiveDemo extends HTMLElement {
  #loading;
  #timer;

  connectedCallback() {
    this.range = this.querySelector("input");
    this.status = this.querySelector("[role=status]");
    this.buttons = Object.fromEntries([...this.querySelectorAll("button")].map((button) => [button.name, button]));
    this.prompt = [...this.querySelectorAll(".line .tok")].map((chip) => chip.textContent);
    this.sight = Number(this.dataset.order) - 1;
    this.seed = Number(this.dataset.seed);

    const act = {
      step: () => this.#once(),
      play: () => (this.#timer ? this.#pause() : this.#play()),
      reset: () => this.#restart(),
      reseed: () => this.#restart(Math.floor(Math.random() * 1000)),
    };
    for (const [name, button] of Object.entries(this.buttons)) {
      button.addEventListener("click", async () => (await this.#load()) && act[name]());
      button.disabled = false;
    }
    this.range.addEventListener("input", async () => (await this.#load()) && this.#look());
    this.range.disabled = false;
    this.querySelector(".why").addEventListener("toggle", async () => (await this.#load()) && this.#look());
  }

  disconnectedCallback() {
    this.#pause();
  }

  get temperature() {
    return Number(this.range.value);
  }

  #load() {
    return (this.#loading ??= this.#fetch().catch(() => {
      this.#loading = null; // so that the next touch tries again
      this.status.textContent = "The model could not be loaded.";
      return false;
    }));
  }

  async #fetch() {
    const [engine, frame, response] = await Promise.all([
      import("./engine.js"),
      import("./frame.js"),
      fetch(new URL(this.dataset.model, document.baseURI)),
    ]);
    Object.assign(this, { engine, frame, model: engine.parseModel(await response.json()) });
    this.#restart();
    return true;
  }

  /** Back to the printed frame, with the same draws to come or with others. */
  #restart(seed = this.seed) {
    this.#pause();
    this.seed = seed;
    this.random = this.engine.mulberry32(seed);
    this.text = this.prompt.map((text) => ({ text }));
    this.history = this.engine.encode(this.model, this.prompt);
    this.drawn = this.random();
    this.status.textContent = "";
    this.frame.clearSteps(this);
    this.frame.writeText(this);
    this.#look();
  }

  /** Shows what may come next, and where the draw falls. */
  #look() {
    this.list = this.engine.candidates(this.model, this.history, this.temperature);
    this.next = this.list[this.engine.draw(this.list, this.drawn)];
    this.frame.writeLedger(this);
  }

  /** Appends what was drawn and draws again; tells whether the sentence is over. */
  #step() {
    const { id, text } = this.next;
    const end = id === this.engine.END;
    this.frame.addStep(this);
    this.text.push({ text, end });
    this.history = end ? [this.engine.START] : [...this.history, id];
    this.drawn = this.random();
    this.frame.writeText(this, true);
    this.#look();
    return end;
  }

  #once() {
    this.#pause();
    const said = this.frame.sentence(this.next);
    this.#step();
    this.status.textContent = said;
  }

  #play() {
    let left = LONGEST;
    const last = () => this.#step() || --left === 0;
    if (calm.matches) {
      while (!last());
      this.#finish();
    } else {
      this.buttons.play.textContent = "pause";
      this.#timer = setInterval(() => last() && this.#finish(), PACE);
    }
  }

  #pause() {
    clearInterval(this.#timer);
    this.#timer = null;
    this.buttons.play.textContent = "play";
  }

  #finish() {
    this.#pause();
    this.status.textContent = `Stopped after ${this.text.length - this.prompt.length} tokens.`;
  }
}

customElements.define("autoregressive-demo", AutoregressiveDemo);
