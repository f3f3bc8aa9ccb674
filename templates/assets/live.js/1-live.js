/**
 * The live model: the text so far, what may come next, and what each control does to them.
 * The files of this folder are one module, joined in the order of their names. A page has one demo: its state is the
 * module's.
 */

import { Corpus, Model, readCorpus } from "./engine.js";

const START = "<s>";
const END = "</s>";
const LONGEST = 40; // tokens in one go, or in a prompt
const PACE = 350; // milliseconds a token: slow enough to read along

const calm = matchMedia("(prefers-reduced-motion: reduce)");

let demo, address; // the element, and the model file's address, from which those of the entries are read
let glossary, own, corpus; // the texts of the glossary and of this page, and the one that is counted
let source, sight; // what offers the next word, and how many words that looks at
let settings, prompt, text; // text: the tokens {word, chip}, the generated ones with {made, you, row} too
let ids, copied; // the text's tokens by number, and the places they were copied from
let offer, sampled, fell, drawn; // what may come next, as shares, where the draw fell, and on which of them
let timer;
const printed = {}; // the settings of the printed start

const part = (selector) => demo.querySelector(selector);
const parts = (selector) => demo.querySelectorAll(selector);
const numbers = (words) => words.map((word) => corpus.ids.get(word));
const words = (tokens = text) => tokens.map((token) => token.word);
const made = () => text.filter((token) => token.made);
const random = (below) => Math.floor(Math.random() * below);
const say = (sentence) => (part("[role=status]").textContent = sentence);

/** A corpus that also finds a word's number, and keeps the models counted of it. */
const indexed = (corpus) =>
  Object.assign(corpus, { ids: new Map([...corpus.words, START].map((word, id) => [word, id])), models: [] });

/** Wakes an element, with the stream of the model's file and the address where that stands. */
export async function start(element, file, url) {
  glossary = indexed(await readCorpus(file));
  [demo, address] = [element, url];
  for (const name of Object.values(KEYS)) printed[name] = Number(demo.dataset[name] ?? 0);
  take();
  restore();
}

/** Whatever happens within the element, or to the address. */
export function on({ type, target }) {
  const { name, index } = target;
  if (type === "hashchange") restore();
  else if (type === "submit") begin(settings.seed, target.elements.prompt.value);
  else if (type === "toggle") writeWhy();
  else if (type === "click") click(target);
  else if (type === "focusin") index >= 0 && rove(index);
  else if (name in settings) {
    change({ [name]: Number(target.type === "checkbox" ? target.checked : target.value) }, type === "change");
  }
}

function click(target) {
  const row = target.closest("tbody th")?.parentElement;
  const { name, index } = target;
  if (index >= 0) back(index);
  else if (row?.nextElementSibling) step(row.sectionRowIndex, true);
  else if (name in PRESETS) {
    change(holds(name) ? { temperature: printed.temperature, topK: 0, topP: 1 } : PRESETS[name]);
  } else if (name === "reset") {
    begin(printed.seed, "");
    say("Back to the printed start.");
  } else if (name === "reseed") begin(random(1000), prompt);
  else if (name === "step") step(drawn);
  else if (name === "play") timer ? settle() : play();
  else if (name === "copy") copy();
}

/** The corpus and the model that the settings ask for; what was counted once is kept. */
function equip() {
  const { longest, order } = settings;
  if (settings.page) own ??= indexed(pageCorpus(glossary, demo.dataset.entry));
  if (!own?.length) settings.page = 0; // of a very large glossary the file has not every entry
  corpus = settings.page ? own : glossary;
  source = longest ? longestMatch(corpus) : (corpus.models[order] ??= new Model(corpus, order));
  sight = longest ? Infinity : order - 1;
}

/** The prompt as a text of its own: what was typed, or else what the page printed. */
function restart(given) {
  part("[name=prompt]").value = prompt = given.trim();
  const typed = read(prompt);
  text = (typed.length ? typed.slice(0, LONGEST) : printed.words).map((word) => ({ word, chip: element("span") }));
  predict();
  say(typed.length > LONGEST ? `The prompt’s first ${LONGEST} tokens are used.` : "");
}

/** START and the words of the sentence before a place in the text. */
function sentence(end = text.length) {
  const before = words(text.slice(0, end));
  return [START, ...before.slice(before.lastIndexOf(END) + 1)];
}

/** What may come next, and where the draw falls. */
function predict() {
  offer = source.offer(numbers(sentence()));
  sampled = sample(offer, settings);
  fell = mulberry32(settings.seed, made().length);
  drawn = draw(sampled, fell);
}

function append(index, you) {
  const word = corpus.words[offer.ids[index]];
  text.push({ word, chip: element("span"), made: true, you, row: stepRow(index, you) });
  return word;
}

function show(moved) {
  ids = numbers(words());
  copied = copies();
  predict();
  write(moved);
}

/** Stops, and writes the state into the address. */
function settle() {
  clearInterval(timer);
  timer = 0;
  part("[name=play]").textContent = "play";
  const fragment = written();
  if (fragment || shared()) history.replaceState(null, "", location.pathname + location.search + fragment);
}

function step(index, you) {
  const said = spoken(index, you);
  append(index, you);
  show(true);
  settle();
  say(said);
}

function play() {
  let left = LONGEST;
  const over = () => append(drawn) === END || !--left;
  const finish = () => {
    settle();
    say(`Stopped after ${made().length} tokens.`);
  };
  say("");
  if (calm.matches) {
    while (!over()) predict();
    show();
    finish();
    return;
  }
  part("[name=play]").textContent = "pause";
  timer = setInterval(() => {
    const last = over();
    show(true);
    if (last) finish();
  }, PACE);
}

function begin(seed, given) {
  settings.seed = seed;
  restart(given);
  show();
  settle();
}

/** Back to a token: what follows it is dropped, and other draws come. */
function back(i) {
  const seed = (settings.seed = (settings.seed + 1 + random(998)) % 1000);
  const dropped = text.splice(i + 1);
  // A prompt cut short is a prompt of its own; with spaces between them all, its tokens are found again.
  if (dropped.length && !dropped[0].made) {
    part("[name=prompt]").value = prompt = words().join(" ");
  }
  at = i;
  show();
  focus();
  settle();
  say(`Back to “${named(text[i].word)}”. From here the text branches, with seed ${seed}.`);
}

/** New settings; while a slider is being drawn the address stays. */
function change(changes, settled = true) {
  Object.assign(settings, changes);
  equip();
  show();
  if (settled && !timer) settle();
}
