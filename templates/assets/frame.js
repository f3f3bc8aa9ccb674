/** Draws the state of the live model into the elements that the page came with. */

import { count, entryAt } from "./copies.js";
import { glued } from "./tokens.js";

const NAMES = { "<s>": "start of sentence", "</s>": "end of sentence" };

export const PRESETS = { careful: { temperature: 0.6, topK: 0, topP: 0.9 }, wild: { temperature: 1.3, topK: 0, topP: 1 } };
export const isPreset = ({ settings }, name) =>
  Object.entries(PRESETS[name]).every(([key, value]) => settings[key] === value);

export const named = (word) => NAMES[word] ?? word;
export const percent = (share) => (share * 100).toFixed(share < 0.0095 ? 1 : 0);
export const round = (share) => Math.round(share * 1e4) / 1e4; // as the printed frame has it
const place = (share) => `${(share * 100).toFixed(2)}%`;
const times = (n) => (n === 0 ? "never" : n === 1 ? "once" : `${n} times`);

export function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** A word with a note that only those who listen need. */
const unseen = (text) => element("span", "visually-hidden", text);

/** The settings in words, as _demo.html has them. */
const IN_WORDS = {
  temperature: (t) =>
    t === 0 ? "always the likeliest word"
    : t < 0.5 ? "cautious"
    : t < 1 ? "slightly cautious"
    : t === 1 ? "as the text has it"
    : t <= 1.5 ? "adventurous"
    : "wild",
  order: (n) => (n === 1 ? "sees no word" : n === 2 ? "sees 1 word" : `sees ${n - 1} words`),
  topP: (p) => (p === 1 ? "cuts nothing" : `keeps the likeliest ${Math.round(p * 100)} %`),
};

/** What the model sees, in words. */
export function context({ sight, corpus, text }, end = text.length) {
  const words = text.slice(0, end).map((token) => token.word);
  const sentence = ["<s>", ...words.slice(words.lastIndexOf("</s>") + 1)];
  return sentence.slice(Math.max(0, sentence.length - sight)).map(named);
}

/** A step in one sentence, for those who listen. */
export function sentence({ corpus, offer, sampled }, index, you) {
  const id = offer.ids[index];
  const before = offer.seen.slice(-5).map((each) => named(corpus.words[each] ?? "<s>")).join(" ");
  const seen = times(count(corpus, [...offer.seen, id]));
  const share = index < sampled.kept ? `${percent(sampled.shares[index])} percent` : `cut by ${sampled.cut}`;
  const chosen = you ? "chosen by you, " : "";
  return `“${named(corpus.words[id])}”, ${chosen}${share}, seen ${seen} ${before ? `after “${before}”` : "in the text"}.`;
}

/** Puts exactly these nodes into a parent; those that are in their place already are not touched. */
function sync(parent, nodes) {
  for (const node of [...parent.childNodes]) if (!nodes.includes(node)) node.remove();
  nodes.forEach((node, i) => node !== parent.childNodes[i] && parent.insertBefore(node, parent.childNodes[i] ?? null));
}

/** Makes what the page printed its own. */
export function take(live) {
  const { demo } = live;
  const find = (selector) => demo.querySelector(selector);
  live.feed = find(".feed");
  live.line = find(".line");
  const [summary, said, list] = find(".steps").children;
  live.steps = { summary, said, list, title: summary.textContent, rows: [...list.children] };
  demo.querySelectorAll(".line .tok").forEach((chip, i) => (chip.index = i));
  live.at = Infinity;
  live.feed.addEventListener("keydown", (event) => keydown(live, event));
  live.feed.addEventListener("focusin", ({ target }) => target.index >= 0 && rove(live, target.index));
}

const chips = (live) => live.text.map((token) => token.chip);

/** The one chip that the Tab key reaches. */
export function rove(live, at) {
  live.at = Math.max(0, Math.min(at, live.text.length - 1));
  chips(live).forEach((chip, i) => chip && (chip.tabIndex = i === live.at ? 0 : -1));
}

export const focus = (live) => live.text[live.at]?.chip.focus();

function keydown(live, event) {
  const { index } = event.target;
  if (!(index >= 0)) return;
  const forward = getComputedStyle(live.line).direction === "rtl" ? -1 : 1;
  const to = { ArrowLeft: index - forward, ArrowRight: index + forward, Home: 0, End: live.text.length - 1 }[event.key];
  if (to !== undefined) {
    rove(live, to);
    focus(live);
  } else if (event.key === "Enter" || event.key === " ") live.back(index);
  else return;
  event.preventDefault();
}

export function write(live, moved) {
  writeText(live, moved);
  writeNotes(live);
  writeLedger(live);
  writeDraw(live);
  writeControls(live);
  writeSteps(live);
  live.feed.scrollTop = 0; // the bottom, for it is laid out in reverse; last, so that there is one layout
}

/** The text so far; the brace stands over what the model can see of it. */
function writeText(live, moved) {
  const { text, sight, ids, corpus, feed, copied } = live;
  // With the focus inside, tokens stay what they are; without, all are set anew, for what is new has not moved.
  const inside = feed.contains(document.activeElement);
  const waits = feed === document.activeElement; // since before the model was there
  if (!inside) live.line = live.line.cloneNode(true);
  const { line } = live;
  const now = line.querySelector(".now");
  const sightBox = now.firstElementChild;
  const last = text.length - 1;
  const barrier = ids.findLastIndex((id) => id === corpus.END || id === undefined);
  const from = Math.max(barrier + 1, text.length - sight);
  const [before, seen] = [[], [sightBox.firstElementChild]];
  text.forEach((token, i) => {
    const follows = i > 0 && !glued(text[i - 1].word, token.word);
    token.gap ??= new Text(" ");
    token.chip ??= element("span");
    if (follows) (i > from ? seen : before).push(token.gap);
    (i < from ? before : seen).push(token.chip);
    const found = token.made ? live.found(i) : "";
    const unknown = ids[i] === undefined;
    const copy = copied.some((run) => i >= run.from && i < run.to);
    const marks = { end: token.word === "</s>", made: token.made, you: token.you, unknown, copy, fresh: moved && i === last };
    const { chip } = token;
    chip.className = ["tok", ...Object.keys(marks).filter((mark) => marks[mark])].join(" ");
    chip.textContent = named(token.word);
    chip.role = "button";
    chip.index = i;
    if (token.made) chip.dataset.found = found;
    chip.ariaLabel = [
      named(token.word),
      token.made && `context of ${found}`,
      token.you && "chosen by you",
      unknown && "unknown word",
      copy && "copied",
    ].filter(Boolean).join(", ");
  });
  const nothing = sight === 0 || ids[last] === undefined;
  if (from > last) {
    before.push(new Text(" "));
    if (!nothing) seen.push(element("span", "tok end", NAMES["<s>"]));
  }
  sightBox.firstElementChild.textContent = from > last && nothing ? "the model sees nothing" : "what the model can see";
  sync(line, [...before, now]);
  sync(sightBox, seen);
  if (!inside) feed.replaceChildren(line);
  feed.removeAttribute("tabindex"); // its tokens take the focus
  rove(live, (moved && !inside) || live.at > last ? last : live.at);
  if (waits) focus(live);
}

/** What was copied from where, and which words of the prompt the text does not have. */
function writeNotes({ demo, corpus, copied, text, ids, address }) {
  const sources = new Map(copied.map((run) => entryAt(corpus, run.place) ?? ["", "this page"]).map((entry) => [entry[0], entry]));
  const links = [...sources.values()].map(([path, title]) => {
    if (!path) return title;
    const link = element("a", "", title);
    link.href = new URL(path, address);
    return link;
  });
  demo.querySelector(".copied").replaceChildren(...links.flatMap((link, i) => [i ? ", " : "copied from: ", link]));
  const unknown = [...new Set(text.filter((_, i) => ids[i] === undefined).map((token) => token.word))];
  const words = unknown.map((word) => `“${word}”`).join(", ");
  demo.querySelector(".strange").textContent =
    unknown.length ? `Unknown to the model: ${words}. It sees only what follows.` : "";
}

/** The candidates: what stays as shares of the draw, what was cut with its share before. */
function writeLedger({ demo, corpus, offer, sampled, drawn }) {
  const { ids, seen } = offer;
  const { shares, kept, cut } = sampled;
  const rows = [...demo.querySelectorAll(".ledger tbody tr")];
  const shown = rows.length - 1;
  rows.forEach((row, i) => {
    if (i < shown) {
      const share = i < ids.length ? shares[i] : 0;
      const word = i < ids.length ? named(corpus.words[ids[i]]) : "";
      const button = row.cells[0].querySelector("button") ?? element("button");
      button.type = "button";
      button.textContent = word;
      if (!button.isConnected) row.cells[0].replaceChildren(button);
      const number = i < ids.length ? count(corpus, [...seen, ids[i]]) : "";
      writeRow(row, { bar: round(share), share, number, drawn: i === drawn, cut: i >= kept && cut, none: i >= ids.length });
    } else {
      const inside = drawn < shown;
      row.cells[0].textContent = inside ? "all others" : `others: ${named(corpus.words[ids[drawn]])}`;
      const all = kept > shown;
      const sum = (from, to, of) => shares.slice(from, to).reduce((total, each) => total + of(each), 0);
      const bar = all ? 1 - sum(0, shown, round) : round(sum(shown, ids.length, Number));
      const share = all ? 1 - sum(0, shown, Number) : sum(shown, ids.length, Number);
      writeRow(row, { bar, share: Math.max(0, share), number: "", drawn: !inside, cut: !all && cut, none: ids.length <= shown });
    }
  });
}

function writeRow(row, { bar, share, number, drawn, cut, none }) {
  const [, chart, likely, seen] = row.cells;
  chart.querySelector("rect").setAttribute("width", place(Math.max(0, bar)));
  chart.querySelector("small")?.remove();
  if (cut) chart.append(element("small", "", unseen("cut by "), cut));
  likely.replaceChildren(cut ? element("del", "", `${percent(share)} %`) : `${percent(share)} %`);
  seen.textContent = number;
  row.className = none ? "none" : cut ? "cut" : drawn ? "drawn" : "";
}

function writeDraw({ demo, corpus, offer, sampled, drawn, u }) {
  const rule = demo.querySelector(".draw");
  const segments = [...rule.querySelectorAll("rect:not(.all)")];
  let reached = 0;
  segments.forEach((segment, i) => {
    const share = i < sampled.kept ? round(sampled.shares[i]) : 0;
    segment.setAttribute("x", place(reached));
    segment.setAttribute("width", place(share));
    segment.classList.toggle("drawn", i === drawn);
    reached += share;
  });
  const fell = round(u);
  const [tick, label] = [rule.querySelector("line"), rule.querySelector("text")];
  for (const name of ["x1", "x2"]) tick.setAttribute(name, place(fell));
  label.setAttribute("x", place(fell));
  label.setAttribute("text-anchor", fell < 0.15 ? "start" : fell > 0.85 ? "end" : "middle");
  label.textContent = `draw ${fell.toFixed(2)}`;
  const word = named(corpus.words[offer.ids[drawn]]);
  rule.setAttribute("aria-label", `The draw, a random number from 0 to 1, fell at ${fell.toFixed(2)}: ${word}.`);
}

function writeControls(live) {
  const { settings, inputs, controls } = live;
  for (const input of inputs) {
    const value = settings[input.name];
    if (input.type === "checkbox") input.checked = value;
    else if (input.name in settings && input.type !== "text") input.value = value;
    const words = IN_WORDS[input.name]?.(value);
    if (!words) continue;
    input.setAttribute("aria-valuetext", `${value}: ${words}`);
    input.nextElementSibling.textContent = value;
    input.nextElementSibling.nextElementSibling.textContent = words;
    if (input.name === "order") input.disabled = settings.longest;
  }
  for (const name of Object.keys(PRESETS)) controls.querySelector(`[name=${name}]`).ariaPressed = isPreset(live, name);
  controls.querySelector(".seed").textContent = settings.seed;
}

/** The steps so far; before the first, the printed ones. */
function writeSteps({ made, steps: { summary, said, list, title, rows } }) {
  summary.textContent = !made.length ? title : made.length === 1 ? "One step so far" : `${made.length} steps so far`;
  said.hidden = made.length > 0;
  sync(list, made.length ? made.map((token) => (token.row ??= stepRow(token))) : rows);
}

function stepRow({ word, you, step }) {
  const top = step.top.map(([each, share]) => element("span", "", `${named(each)} ${percent(share)} %`));
  const row = element("li", "", element("span", "seen", step.context.join(" ")), " ");
  top.forEach((each, i) => row.append(i ? ", " : "", each));
  row.append(" ", element("b", word === "</s>" ? "end" : "", named(word)));
  if (you) row.append(" ", element("i", "", "you"));
  return row;
}
