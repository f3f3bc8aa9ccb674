/** Draws the text so far into the elements that the page came with. */

let at = Infinity; // the token that the Tab key reaches

const named = (word) => (word === END ? "end of sentence" : word === START ? "start of sentence" : word);
const spelled = (ids) => ids.map((id) => named(corpus.words[id] ?? START)).join(" ");

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** Makes what the page printed its own. */
function take() {
  const [summary, , list] = part(".steps").children;
  Object.assign(printed, { title: summary.textContent, rows: [...list.children] });
  printed.words = Array.from(parts(".line .tok"), (chip, i) => {
    chip.index = i;
    return chip.textContent;
  });
  for (const cell of parts(".ledger tr:not(:last-child) th[scope=row]")) cell.replaceChildren(element("button"));
  part(".feed").addEventListener("keydown", keydown);
}

/** Makes a token the one that the Tab key reaches. */
function rove(i) {
  at = Math.max(0, Math.min(i, text.length - 1));
  text.forEach(({ chip }, i) => (chip.tabIndex = i === at ? 0 : -1));
}

const focus = () => text[at].chip.focus();

function keydown(event) {
  const { key, target } = event;
  const forward = getComputedStyle(part(".line")).direction === "rtl" ? -1 : 1;
  const moves = { ArrowLeft: target.index - forward, ArrowRight: target.index + forward, Home: 0, End: Infinity };
  if (key in moves) {
    rove(moves[key]);
    focus();
  } else if (key === "Enter" || key === " ") back(target.index);
  else return;
  event.preventDefault();
}

/** Puts exactly these nodes into a parent; those that are in their place already are not touched. */
function sync(parent, nodes) {
  for (const node of [...parent.childNodes]) if (!nodes.includes(node)) node.remove();
  nodes.forEach((node, i) => node !== parent.childNodes[i] && parent.insertBefore(node, parent.childNodes[i]));
}

/** The text so far; the brace stands over what the model can see of it. */
function writeText(moved) {
  const feed = part(".feed");
  // With the focus inside, tokens stay what they are; without, all are set anew, for what is new has not moved.
  const inside = feed.contains(document.activeElement);
  const waits = feed === document.activeElement; // since before the model was there
  const line = inside ? part(".line") : part(".line").cloneNode(true);
  const now = line.querySelector(".now");
  const [box] = now.children;
  const [brace] = box.children;
  const last = text.length - 1;
  const barrier = ids.findLastIndex((id) => id === corpus.END || id === undefined);
  const from = Math.max(barrier + 1, text.length - sight);
  const [before, seen] = [[], [brace]];
  text.forEach(({ word, chip, made, you, copy }, i) => {
    if (i && !glued(text[i - 1].word, word)) (i > from ? seen : before).push(new Text(" "));
    (i < from ? before : seen).push(chip);
    const found = made && Math.min(sight, known(corpus, numbers(sentence(i))).length);
    const marks = [
      ["tok", true, named(word)],
      ["end", word === END],
      ["made", made, `context of ${found}`],
      ["you", you, "chosen by you"],
      ["unknown", ids[i] === undefined, "unknown word"],
      ["copy", copy, "copied"],
      ["fresh", moved && i === last],
    ].filter(([, holds]) => holds);
    chip.className = marks.map(([name]) => name).join(" ");
    chip.ariaLabel = marks.flatMap(([, , said]) => said ?? []).join(", ");
    chip.textContent = named(word);
    chip.role = "button";
    chip.index = i;
    if (made) chip.dataset.found = found;
  });
  const nothing = from > last && (!sight || ids[last] === undefined);
  if (from > last) {
    before.push(new Text(" "));
    if (!nothing) seen.push(element("span", "tok end", named(START)));
  }
  brace.textContent = nothing ? "the model sees nothing" : "what the model can see";
  sync(line, [...before, now]);
  sync(box, seen);
  if (!inside) feed.replaceChildren(line);
  feed.removeAttribute("tabindex"); // its tokens take the focus
  rove(moved && !inside ? last : at);
  if (waits) focus();
}
