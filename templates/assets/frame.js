/** Draws the state of the live model into the elements that the page came with. */

const FIRST = "start of sentence";
const LAST = "end of sentence";
const GLUED = ",.;:!?)]}%’”…。，、！？；：）」"; // no space before these
const OPENING = "([{“‘$#（「"; // nor after these

const named = (text) => (text === "</s>" ? LAST : text);
const percent = (share) => (share * 100).toFixed(share < 0.0095 ? 1 : 0);
const round = (share) => Math.round(share * 1e4) / 1e4; // as the printed frame has it
const place = (share) => `${(share * 100).toFixed(2)}%`;

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function mood(temperature) {
  if (temperature === 0) return "always the likeliest word";
  if (temperature < 0.5) return "cautious";
  if (temperature < 1) return "slightly cautious";
  if (temperature === 1) return "as the text has it";
  return temperature <= 1.5 ? "adventurous" : "wild";
}

/** A step in one sentence, for those who listen. */
export const sentence = ({ text, share }) => `${named(text)}, ${percent(share)} percent.`;

const lastEnd = (text) => text.findLastIndex(({ end }) => end);

/** The text so far; the brace stands over what the model can see of it. */
export function writeText(demo, moved = false) {
  const { text, sight } = demo;
  const from = Math.max(lastEnd(text) + 1, text.length - sight);
  const brace = element("span", "brace", "what the model can see");
  brace.ariaHidden = "true"; // it stands above the sentence, not in it
  const seen = element("span", "sight", brace);
  const now = element("span", "now", seen, " ", element("span", "slot"));
  const line = element("p", "line");
  line.dir = "auto";
  text.forEach((token, i) => {
    const box = i < from ? line : seen;
    const glued = GLUED.includes(token.text) || (i > 0 && OPENING.includes(text[i - 1].text));
    if (i > 0 && !glued) (i === from ? line : box).append(" ");
    if (i === from) line.append(now);
    const fresh = moved && i === text.length - 1;
    box.append(element("span", `tok${token.end ? " end" : ""}${fresh ? " fresh" : ""}`, named(token.text)));
  });
  if (from === text.length) {
    seen.append(element("span", "tok end", FIRST));
    line.append(" ", now);
  }
  const feed = demo.querySelector(".feed");
  feed.replaceChildren(line);
  feed.scrollTop = feed.scrollHeight;
}

/** The candidates, the draw among them, and the temperature that shaped them. */
export function writeLedger(demo) {
  const { list, next, temperature } = demo;
  const rows = [...demo.querySelectorAll(".ledger tbody tr")];
  const segments = demo.querySelectorAll(".draw rect:not(.all)");
  const shown = rows.length - 1;
  const inside = list.indexOf(next) < shown;
  const others = inside ? "all others" : `others: ${named(next.text)}`;

  let reached = 0;
  rows.forEach((row, i) => {
    const word = list[i];
    if (i < shown) {
      writeRow(row, { ...word, share: round(word.share) }, percent(word.share), word === next);
      segments[i].setAttribute("x", place(reached));
      segments[i].setAttribute("width", place(round(word.share)));
      segments[i].classList.toggle("drawn", word === next);
      reached += round(word.share);
    } else {
      const share = list.slice(0, shown).reduce((rest, each) => rest - each.share, 1);
      writeRow(row, { text: others, share: 1 - reached, count: "" }, percent(Math.max(0, share)), !inside);
    }
  });
  writeDraw(demo.querySelector(".draw"), round(demo.drawn), named(next.text));
  if (demo.querySelector(".why").open) writeWhy(demo);

  demo.range.setAttribute("aria-valuetext", `${temperature}: ${mood(temperature)}`);
  demo.querySelector("output").textContent = temperature.toFixed(1);
  demo.querySelector(".mood").textContent = mood(temperature);
}

function writeRow(row, { text, share, count }, chance, drawn) {
  const [word, bar, likely, seen] = row.cells;
  word.textContent = named(text);
  bar.querySelector("rect").setAttribute("width", place(Math.max(0, share)));
  likely.textContent = `${chance} %`;
  seen.textContent = count;
  row.classList.toggle("drawn", drawn);
}

function writeDraw(rule, fell, word) {
  const [tick, label] = [rule.querySelector("line"), rule.querySelector("text")];
  tick.setAttribute("x1", place(fell));
  tick.setAttribute("x2", place(fell));
  label.setAttribute("x", place(fell));
  label.setAttribute("text-anchor", fell < 0.15 ? "start" : fell > 0.85 ? "end" : "middle");
  label.textContent = `draw ${fell.toFixed(2)}`;
  rule.setAttribute("aria-label", `The draw, a random number from 0 to 1, fell at ${fell.toFixed(2)}: ${word}.`);
}

/** Where the drawn word's probability comes from: one row for every length of context, longest first. */
function writeWhy(demo) {
  const { engine, model, history, next } = demo;
  const cells = (tag, texts) => element("tr", "", ...texts.map((text) => element(tag, "", text)));
  const head = cells("th", ["after", "seen", "then it", "own share", "passed on", "in all"]);
  const rows = engine.explain(model, history, next.id).map(({ context, seen, followed, own, gamma, p }) => {
    const words = context.map((id) => (id === engine.START ? FIRST : model.vocabulary[id])).join(" ");
    return cells("td", [words || "anything", seen, followed, `${percent(own)} %`, `${percent(gamma)} %`, `${percent(p)} %`]);
  });
  const table = element("table", "", element("thead", "", head), element("tbody", "", ...rows.reverse()));
  for (const cell of head.cells) cell.scope = "col";
  const note = element("p", "",
    "Why ", element("b", "", named(next.text)),
    "? Each context keeps a little of what it counted and passes that on to the shorter context below it. ",
    "In all = own share + passed on × the row below, before temperature.");
  demo.querySelector(".why div").replaceChildren(note, table);
}

export function clearSteps(demo) {
  const steps = demo.querySelector(".steps");
  steps.querySelector("summary").textContent = `Every step, seed ${demo.seed}`;
  steps.querySelector("p").replaceChildren();
  steps.querySelector("ol").replaceChildren();
}

/** Writes down the step that is about to be taken. */
export function addStep(demo) {
  const { text, sight, list, next } = demo;
  const context = [FIRST, ...text.slice(lastEnd(text) + 1).map((token) => token.text)].slice(-sight);
  const top = list.slice(0, 3).map((each) => element("span", "", `${named(each.text)} ${percent(each.share)} %`));
  const drawn = element("b", next.id === demo.engine.END ? "end" : "", named(next.text));
  const row = element("li", "", element("span", "seen", context.join(" ")), " ");
  top.forEach((words, i) => row.append(i ? ", " : "", words));
  row.append(" ", drawn);
  demo.querySelector(".steps ol").append(row);
}
