/** The live model: takes over the printed first frame and goes on from it. */

const KEPT = 40; // tokens in one go
const PACE = 350; // milliseconds a token: slow enough to read
const GLUED = ",.;:!?)]}%’”…。，、！？；：）」"; // no space before these
const OPENING = "([{“‘$#（「"; // nor after these
const FIRST = "start of sentence";
const LAST = "end of sentence";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const percent = (share) => (share * 100).toFixed(share < 0.0095 ? 1 : 0);
const round = (share) => Math.round(share * 1e4) / 1e4; // as the printed frame has it
const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

function mood(temperature) {
  if (temperature === 0) return "always the likeliest word";
  if (temperature < 0.5) return "cautious";
  if (temperature < 1) return "slightly cautious";
  if (temperature === 1) return "as the text has it";
  return temperature <= 1.5 ? "adventurous" : "wild";
}

class AutoregressiveDemo extends HTMLElement {
  #prompt; #text; #history; #seed; #random; #draw; #next; #engine; #model; #timer; #loading;

  connectedCallback() {
    const find = (selector) => this.querySelector(selector);
    this.line = find(".line");
    this.rows = [...this.querySelectorAll(".ledger tbody tr")];
    this.rule = find(".draw");
    this.status = find("[role=status]");
    this.steps = find(".steps");
    this.buttons = Object.fromEntries([...this.querySelectorAll("button")].map((button) => [button.name, button]));
    this.range = find("input");
    this.output = find("output");
    this.sight = Number(this.dataset.order) - 1;
    this.#seed = Number(this.dataset.seed);
    this.#prompt = [...this.line.querySelectorAll(".tok")].map((chip) => chip.textContent);

    const on = (name, action) => this.buttons[name].addEventListener("click", async () => (await this.#load()) && action());
    on("step", () => { this.#pause(); this.#step(); this.#say(); });
    on("play", () => (this.#timer ? this.#pause() : this.#play()));
    on("reset", () => this.#restart());
    on("reseed", () => this.#restart(Math.floor(Math.random() * 1000)));
    this.range.addEventListener("input", async () => {
      this.#warm();
      if (await this.#load()) this.#look();
    });
    this.#warm();
    for (const control of [this.range, ...Object.values(this.buttons)]) control.disabled = false;
  }

  disconnectedCallback() {
    this.#pause();
  }

  /** The engine and the text it counts come with the first touch, once. */
  #load() {
    return (this.#loading ??= this.#fetch().catch(() => {
      this.#loading = null; // so that the next touch tries again
      this.status.textContent = "The model could not be loaded.";
      return false;
    }));
  }

  async #fetch() {
    const file = fetch(new URL(this.dataset.model, document.baseURI)).then((response) => response.json());
    this.#engine = await import("./engine.js");
    this.#model = this.#engine.parseModel(await file);
    this.#restart();
    return true;
  }

  #restart(seed = this.#seed) {
    this.#pause();
    this.#seed = seed;
    this.#random = this.#engine.mulberry32(seed);
    this.#text = this.#prompt.map((text) => ({ text }));
    this.#history = this.#engine.encode(this.#model, this.#prompt);
    this.#draw = this.#random();
    this.steps.querySelector("summary").textContent = `Every step, seed ${seed}`;
    this.steps.querySelector("p").replaceChildren();
    this.steps.querySelector("ol").replaceChildren();
    this.#write();
    this.#look();
    this.status.textContent = "";
  }

  /** Appends what was drawn, then draws again. */
  #step() {
    const { list, drawn } = this.#next;
    const { id, share } = list[drawn];
    const end = id === this.#engine.END;
    const text = end ? LAST : list[drawn].text;
    this.steps.querySelector("ol").append(this.#entry(text, end));
    this.#said = `${text}, ${percent(share)} percent`;
    this.#text.push({ text, end });
    this.#history = end ? [this.#engine.START] : [...this.#history, id];
    this.#draw = this.#random();
    this.#write();
    this.#look();
    return end;
  }

  #play() {
    let left = KEPT;
    const go = () => this.#step() || --left === 0;
    if (calm.matches) {
      while (!go());
      return this.#finish();
    }
    this.buttons.play.textContent = "pause";
    this.#timer = setInterval(() => go() && this.#finish(), PACE);
  }

  #pause() {
    clearInterval(this.#timer);
    this.#timer = null;
    this.buttons.play.textContent = "play";
  }

  #finish() {
    this.#pause();
    this.#say(`Stopped after ${this.#text.length - this.#prompt.length} words: `);
  }

  #said = "";
  #say(before = "") {
    this.status.textContent = `${before}${this.#said}.`;
  }

  #warm() {
    const temperature = Number(this.range.value);
    this.output.textContent = temperature.toFixed(1);
    this.querySelector(".mood").textContent = mood(temperature);
    this.range.setAttribute("aria-valuetext", `${temperature}: ${mood(temperature)}`);
  }

  /** Prints what may come next, and where the draw fell. */
  #look() {
    const list = this.#engine.candidates(this.#model, this.#history, Number(this.range.value));
    const drawn = this.#engine.draw(list, this.#draw);
    this.#next = { list, drawn };
    const shown = this.rows.length - 1;
    const name = ({ id, text }) => (id === this.#engine.END ? LAST : text);
    const rest = 1 - list.slice(0, shown).reduce((sum, { share }) => sum + round(share), 0);
    const others = drawn < shown ? "all others" : `${name(list[drawn])}, of all others`;

    let reached = 0;
    const segments = this.rule.querySelectorAll("rect:not(.all)");
    this.rows.forEach((row, i) => {
      const last = i === shown;
      const share = last ? rest : round(list[i].share);
      const [word, bar, chance, seen] = row.cells;
      word.textContent = last ? others : name(list[i]);
      bar.querySelector("rect").setAttribute("width", `${(share * 100).toFixed(2)}%`);
      chance.textContent = `${percent(last ? share : list[i].share)} %`;
      seen.textContent = last ? "" : list[i].count;
      row.classList.toggle("drawn", i === Math.min(drawn, shown));
      if (last) return;
      segments[i].setAttribute("x", `${(reached * 100).toFixed(2)}%`);
      segments[i].setAttribute("width", `${(share * 100).toFixed(2)}%`);
      segments[i].classList.toggle("drawn", i === drawn);
      reached += share;
    });

    const [tick, label] = [this.rule.querySelector("line"), this.rule.querySelector("text")];
    const fell = round(this.#draw);
    const at = `${(fell * 100).toFixed(2)}%`;
    tick.setAttribute("x1", at);
    tick.setAttribute("x2", at);
    label.setAttribute("x", at);
    label.setAttribute("text-anchor", fell < 0.15 ? "start" : fell > 0.85 ? "end" : "middle");
    label.textContent = `draw ${fell.toFixed(2)}`;
    this.rule.setAttribute("aria-label", `The draw, a random number from 0 to 1, fell at ${fell.toFixed(2)}: ${name(list[drawn])}.`);
  }

  /** Prints the text so far; the brace stands over what the model can see of it. */
  #write() {
    const from = Math.max(this.#text.findLastIndex(({ end }) => end) + 1, this.#text.length - this.sight);
    const sight = element("span", { class: "sight" }, element("span", { class: "brace" }, "what the model can see"));
    const now = element("span", { class: "now" }, sight, " ", element("span", { class: "slot" }));
    const parts = [];
    this.#text.forEach(({ text, end }, i) => {
      const into = i < from ? parts : sight;
      const space = i && !GLUED.includes(text) && !OPENING.includes(this.#text[i - 1].text);
      const fresh = i >= this.#prompt.length && i === this.#text.length - 1;
      if (i === from) parts.push(space ? " " : "", now);
      else if (space) into === sight ? sight.append(" ") : parts.push(" ");
      const chip = element("span", { class: `tok${end ? " end" : ""}${fresh ? " fresh" : ""}` }, text);
      into === sight ? sight.append(chip) : parts.push(chip);
    });
    if (from === this.#text.length) {
      parts.push(" ", now);
      sight.append(element("span", { class: "tok end" }, FIRST));
    }
    this.line.replaceChildren(...parts);
    this.line.parentElement.scrollTop = this.line.parentElement.scrollHeight;
  }

  #entry(text, end) {
    const { list, drawn } = this.#next;
    const sentence = this.#text.slice(this.#text.findLastIndex((token) => token.end) + 1);
    const context = [FIRST, ...sentence.map((token) => token.text)].slice(-this.sight);
    const top = list.slice(0, 3).map((each) => `${each.id === this.#engine.END ? LAST : each.text} ${percent(each.share)} %`);
    return element("li", {},
      element("span", { class: "seen" }, context.join(" ")), " ",
      ...top.flatMap((words, i) => [i ? ", " : "", element("span", {}, words)]), " ",
      element("b", end ? { class: "end" } : {}, text));
  }
}

customElements.define("autoregressive-demo", AutoregressiveDemo);
