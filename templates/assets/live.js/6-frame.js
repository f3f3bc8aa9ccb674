/** Draws what may come next, the controls and the steps into the elements that the page came with. */

const PRESETS = { careful: { temperature: 0.6, topK: 0, topP: 0.9 }, wild: { temperature: 1.3, topK: 0, topP: 1 } };
const holds = (name) => Object.entries(PRESETS[name]).every(([key, value]) => settings[key] === value);

const percent = (share) => (share * 100).toFixed(share < 0.0095 ? 1 : 0);
const round = (share) => Math.round(share * 1e4) / 1e4; // as the printed frame has it
const place = (share) => `${(round(share) * 100).toFixed(2)}%`;

function write(moved) {
  writeText(moved);
  writeLedger();
  writeDraw();
  writeControls();
  writeSteps();
  writeWhy();
  writeNotes();
  part(".feed").scrollTop = 0; // the bottom, for it is laid out in reverse; last, so that there is one layout
}

/** A step in one sentence, for those who listen. */
function spoken(index, you) {
  const id = offer.ids[index];
  const before = spelled(offer.seen.slice(-5));
  const times = count(corpus, [...offer.seen, id]);
  const seen = times === 0 ? "never" : times === 1 ? "once" : `${times} times`;
  const share = index < sampled.kept ? `${percent(sampled.shares[index])} percent` : `cut by ${sampled.cut(index)}`;
  const where = before ? `after “${before}”` : "in the text";
  return `“${spelled([id])}”, ${you ? "chosen by you, " : ""}${share}, seen ${seen} ${where}.`;
}

/** The link to an entry. */
function linked([path, title]) {
  const link = element("a", "", title);
  link.href = new URL(path, address);
  return link;
}

/** What was copied from where, and which words of the prompt the text does not have. */
function writeNotes() {
  const entries = [...new Set(copied.map(entryAt))];
  part(".copied").replaceChildren(...entries.flatMap((entry, i) => [i ? ", " : "copied from: ", linked(entry)]));
  const unknown = text.filter((_, i) => ids[i] === undefined).map(({ word }) => `“${word}”`);
  const told = [...new Set(unknown)].join(", ");
  part(".strange").textContent = told && `Unknown to the model: ${told}. It sees only what follows.`;
}

/** The candidates: what stays as shares of the draw, what was cut with its share before. */
function writeLedger() {
  const { ids, shares, kept } = sampled;
  const rows = parts(".ledger tbody tr");
  const shown = rows.length - 1;
  rows.forEach((row, i) => {
    const [word, chart, chance, seen] = row.cells;
    const others = i === shown;
    const cut = i >= kept;
    const share = others ? total(shares.slice(i, cut ? ids.length : kept)) : (shares[i] ?? 0);
    const bar = others && !cut ? 1 - total(shares.slice(0, i).map(round)) : share;
    const name = spelled([ids[others ? drawn : i]]);
    (word.firstElementChild ?? word).textContent = !others ? name : drawn < i ? "all others" : `others: ${name}`;
    chart.querySelector("rect").setAttribute("width", place(Math.max(0, bar)));
    chart.querySelector("small")?.remove();
    if (cut) chart.append(element("small", "", element("span", "visually-hidden", "cut by "), sampled.cut(i)));
    chance.replaceChildren(element(cut ? "del" : "span", "", `${percent(share)} %`));
    seen.textContent = others ? "" : count(corpus, [...offer.seen, ids[i]]);
    row.className = i >= ids.length ? "none" : cut ? "cut" : i === Math.min(drawn, shown) ? "drawn" : "";
  });
}

function writeDraw() {
  const { ids, shares, kept } = sampled;
  let reached = 0;
  parts(".draw rect:not(.all)").forEach((segment, i) => {
    const share = i < kept ? round(shares[i]) : 0;
    segment.setAttribute("x", place(reached));
    segment.setAttribute("width", place(share));
    segment.classList.toggle("drawn", i === drawn);
    reached += share;
  });
  const x = place(fell);
  const number = round(fell).toFixed(2);
  const label = part(".draw text");
  for (const name of ["x1", "x2"]) part(".draw line").setAttribute(name, x);
  label.setAttribute("x", x);
  label.setAttribute("text-anchor", fell < 0.15 ? "start" : fell > 0.85 ? "end" : "middle");
  label.textContent = `draw ${number}`;
  part(".draw").ariaLabel = `The draw, a random number from 0 to 1, fell at ${number}: ${spelled([ids[drawn]])}.`;
}

function writeControls() {
  for (const input of parts(".controls [name]")) {
    const { name, dataset, nextElementSibling } = input;
    const value = settings[name];
    if (name in PRESETS) input.ariaPressed = holds(name);
    if (value === undefined) continue;
    input.value = input.checked = value;
    if (!dataset.words) continue;
    const [, words] = JSON.parse(dataset.words).findLast(([least]) => least <= value);
    const said = words.replace("#", Math.round(value * 100));
    input.ariaValueText = `${value}: ${said}`;
    nextElementSibling.textContent = value;
    nextElementSibling.nextElementSibling.textContent = said;
  }
  part("[name=order]").disabled = settings.longest;
  part(".seed").textContent = settings.seed;
}

/** The steps so far; before the first, the printed ones. */
function writeSteps() {
  const [summary, said, list] = part(".steps").children;
  const rows = made().map((token) => token.row);
  const { length } = rows;
  summary.textContent = !length ? printed.title : length === 1 ? "One step so far" : `${length} steps so far`;
  said.hidden = length > 0;
  list.replaceChildren(...(length ? rows : printed.rows));
}

/** The step that takes the next token, written out. */
function stepRow(index, you) {
  const { ids, shares } = sampled;
  const before = sentence();
  const context = before.slice(Math.max(0, before.length - sight)).map(named).join(" ");
  const row = element("li", "", element("span", "seen", context), " ");
  ids.slice(0, 3).forEach((id, i) => {
    row.append(i ? ", " : "", element("span", "", `${spelled([id])} ${percent(shares[i])} %`));
  });
  row.append(" ", element("b", ids[index] === corpus.END ? "end" : "", spelled([ids[index]])));
  if (you) row.append(" ", element("i", "", "you"));
  return row;
}
