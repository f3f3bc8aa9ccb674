/** The live model: the text so far, what may come next, and what each control does to them. */

import { copies, count } from "./copies.js";
import { Model, readCorpus } from "./engine.js";
import * as frame from "./frame.js";
import { copied, parsed, written } from "./link.js";
import { LongestMatch, draw, mulberry32, sample } from "./sampling.js";
import { read, tokenize } from "./tokens.js";

const END = "</s>";
const LONGEST = 40; // tokens in one go, or in a prompt
const PACE = 350; // milliseconds a token: slow enough to read along

const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** A corpus that also finds a word's number, and keeps what has been counted of it. */
const indexed = (corpus) =>
  Object.assign(corpus, { ids: new Map(corpus.words.map((word, id) => [word, id])), sources: [] });

/** The live model of an element, from the stream of the model’s file and the address where that stands. */
export async function start(demo, file, address) {
  const live = new Live(demo, indexed(await readCorpus(file)), address);
  await live.restore();
  return live;
}

class Live {
  #timer;

  constructor(demo, glossary, address) {
    const { seed, temperature, order } = demo.dataset;
    const rest = { topK: 0, topP: 1, longest: 0, page: 0, prompt: "" };
    this.start = { seed: Number(seed), temperature: Number(temperature), order: Number(order), ...rest };
    Object.assign(this, { demo, glossary, address });
    this.status = demo.querySelector("[role=status]");
    this.controls = demo.querySelector(".controls");
    this.field = demo.querySelector("[name=prompt]");
    this.inputs = [...this.controls.querySelectorAll("input[name], select")];
    this.printed = [...demo.querySelectorAll(".line .tok")].map((chip) => chip.textContent);
    frame.take(this);
  }

  /** The state that the address tells, or the printed start. */
  async restore() {
    const fragment = location.hash.startsWith("#~") ? location.hash : "";
    const { settings, made } = parsed(fragment, this.start, (name, value) => this.#allowed(name, value));
    this.settings = settings;
    await this.#equip();
    this.#restart();
    for (const { word, you } of made) {
      const index = this.offer.ids.indexOf(this.corpus.ids.get(word));
      if (index < 0) break;
      this.#append(index, you);
      this.#offer();
    }
    this.#show();
  }

  /** Whether a control can be set to a value: tried on the control, which `frame` sets anew. */
  #allowed(name, value) {
    const input = this.inputs.find((each) => each.name === name);
    if (!input) return name === "seed" && value % 1 === 0 && value < 2 ** 32;
    if (input.type === "checkbox") return value === 1;
    input.value = value;
    return Number(input.value) === value;
  }

  /** Whatever happens within the element, or to the address. */
  async on({ type, target }) {
    if (type === "hashchange") await this.restore();
    else if (type === "submit") this.#prompt(target.elements.prompt.value);
    else if (type === "toggle") await this.#why();
    else if (type === "click") this.#click(target);
    else if (type !== "focusin" && target.name in this.settings && target !== this.field) await this.#set(target, type);
  }

  #click(target) {
    const chip = target.closest(".tok");
    const row = target.closest(".ledger tbody th")?.parentElement;
    const { name } = target.closest("button") ?? {};
    const act = {
      step: () => this.#take(this.drawn),
      play: () => (this.#timer ? this.#settle() : this.#play()),
      reset: () => this.#begin({ prompt: "", seed: this.start.seed }, "Back to the printed start."),
      reseed: () => this.#begin({ seed: Math.floor(Math.random() * 1000) }),
      careful: () => this.#preset("careful"),
      wild: () => this.#preset("wild"),
      copy: () => this.#copy(),
    };
    if (chip?.index >= 0) this.back(chip.index);
    else if (row?.nextElementSibling) this.#take(row.sectionRowIndex, true);
    else if (Object.hasOwn(act, name)) act[name]();
  }

  /** The corpus and the model that the settings ask for; what was counted once is kept. */
  async #equip() {
    if (this.settings.page) {
      try {
        this.own ??= indexed((await import("./page.js")).pageCorpus(document, this.glossary));
      } catch {
        this.settings.page = 0;
        this.say("This page could not be read.");
      }
    }
    const { page, longest, order } = this.settings; // after the wait: they may have changed meanwhile
    this.corpus = page && this.own ? this.own : this.glossary;
    this.source = this.corpus.sources[longest ? 0 : order] ??= longest
      ? new LongestMatch(this.corpus)
      : new Model(this.corpus, order);
    this.sight = longest ? Infinity : order - 1;
  }

  /** The history up to a place in the text: START and the words of the sentence there, by number. */
  history(end = this.text.length) {
    const words = this.text.slice(0, end).map((token) => token.word);
    const sentence = words.slice(words.lastIndexOf(END) + 1);
    return [this.corpus.START, ...sentence.map((word) => this.corpus.ids.get(word))];
  }

  /** The generated tokens of the text. */
  get made() {
    return this.text.filter((token) => token.made);
  }

  /** What may come next, and where the draw falls. */
  #offer() {
    this.offer = this.source.offer(this.history());
    this.sampled = sample(this.offer, this.settings);
    this.u = mulberry32(this.settings.seed, this.made.length);
    this.drawn = draw(this.sampled, this.u);
  }

  #append(index, you = false) {
    const { source, offer, sampled } = this;
    const word = this.corpus.words[offer.ids[index]];
    const top = Array.from(offer.ids.slice(0, 3), (id, i) => [this.corpus.words[id], sampled.shares[i]]);
    const found = { source, length: offer.seen.length };
    this.text.push({ word, made: true, you, found, step: { context: frame.context(this), top } });
    return word;
  }

  /** How many words of context the model, as it is set now, knows before a token. */
  found(i) {
    const token = this.text[i];
    if (token.found?.source !== this.source) {
      const history = this.history(i);
      let length = 0;
      while (length < Math.min(this.sight, history.length) && count(this.corpus, history.slice(-1 - length))) length++;
      token.found = { source: this.source, length };
    }
    return token.found.length;
  }

  #show(moved = false) {
    this.ids = this.text.map((token) => this.corpus.ids.get(token.word));
    this.copied = copies(this.corpus, this.ids, this.text);
    this.#offer();
    frame.write(this, moved);
    if (this.why) this.why.write(this);
  }

  say(sentence) {
    this.status.textContent = sentence;
  }

  pause() {
    clearInterval(this.#timer);
    this.#timer = null;
    this.controls.querySelector("[name=play]").textContent = "play";
  }

  /** Stops, and writes the state into the address. */
  #settle() {
    this.pause();
    const fragment = written(this);
    if (fragment || location.hash.startsWith("#~")) {
      history.replaceState(history.state, "", fragment || location.pathname + location.search);
    }
  }

  #take(index, you = false) {
    const said = frame.sentence(this, index, you);
    this.#append(index, you);
    this.#show(true);
    this.#settle();
    this.say(said);
  }

  #play() {
    let left = LONGEST;
    this.say("");
    const over = () => this.#append(this.drawn) === END || --left === 0;
    const finish = () => {
      this.#settle();
      this.say(`Stopped after ${this.made.length} tokens.`);
    };
    if (calm.matches) {
      while (!over()) this.#offer();
      this.#show();
      finish();
      return;
    }
    this.controls.querySelector("[name=play]").textContent = "pause";
    this.#timer = setInterval(() => {
      const last = over();
      this.#show(true);
      if (last) finish();
    }, PACE);
  }

  /** The prompt as a text of its own: what was typed, or else what the page printed. */
  #restart() {
    this.pause();
    const { prompt } = this.settings;
    const words = prompt ? read(prompt, this.glossary).slice(0, LONGEST) : this.printed;
    this.text = words.map((word) => ({ word }));
    this.field.value = prompt;
    this.#offer();
  }

  #begin(changes, said = "") {
    Object.assign(this.settings, changes);
    this.#restart();
    this.#show();
    this.#settle();
    this.say(said);
  }

  #prompt(typed) {
    const prompt = typed.trim();
    const tokens = tokenize(prompt).length;
    const said = tokens > LONGEST ? `The prompt’s first ${LONGEST} tokens are used.` : "";
    this.#begin({ prompt: tokens ? prompt : "" }, prompt && !tokens ? "There is no word in that prompt." : said);
  }

  /** Back to a token: what follows it is dropped, and other draws come. */
  back(i) {
    const seed = (this.settings.seed + 1 + Math.floor(Math.random() * 998)) % 1000;
    this.settings.seed = seed;
    const [, ...dropped] = this.text.splice(i, Infinity, this.text[i]);
    const words = this.text.map((token) => token.word);
    // A prompt cut short is a prompt of its own; with spaces between them all, its tokens are found again.
    if (dropped[0]?.made === undefined && dropped.length) this.field.value = this.settings.prompt = words.join(" ");
    frame.rove(this, i);
    this.#show();
    frame.focus(this);
    this.#settle();
    this.say(`Back to “${frame.named(words[i])}”. From here the text branches, with seed ${seed}.`);
  }

  #preset(name) {
    const { temperature, topK, topP } = this.start;
    this.#change(frame.isPreset(this, name) ? { temperature, topK, topP } : frame.PRESETS[name]);
  }

  async #set(input, type) {
    const value = input.type === "checkbox" ? Number(input.checked) : Number(input.value);
    await this.#change({ [input.name]: value }, type === "change");
  }

  async #change(changes, settled = true) {
    Object.assign(this.settings, changes);
    await this.#equip();
    this.#show();
    if (settled && !this.#timer) this.#settle();
  }

  async #why() {
    this.why = this.demo.querySelector(".why").open && (await import("./why.js"));
    if (this.why) this.why.write(this);
  }

  async #copy() {
    this.#settle();
    this.say(await copied(this.controls.querySelector("[name=link]")));
  }
}
