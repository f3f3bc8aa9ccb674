/** Which of the terms at hand answer a search, the best first. */

const prepared = new WeakMap();

function prepare(row) {
  if (!prepared.has(row)) {
    const [, title, aliases, definition] = row;
    const names = [title, ...aliases].map((name) => ({ name, text: wordsOf(name).join(" "), begin: beginnings(name) }));
    prepared.set(row, { names, told: beginnings(definition) });
  }
  return prepared.get(row);
}

const begun = (word, some) => some.some((each) => each.startsWith(word));

/** How far a term is from what is searched for, and the name by which it was found; undefined where a word is missing. */
function match(row, words) {
  const { names, told } = prepare(row);
  const query = words.join(" ");
  let best;
  for (const [place, { name, text, begin }] of names.entries()) {
    const kind = text === query ? 0 : text.startsWith(query) ? 1 : words.every((word) => begun(word, begin)) ? 2 : text.includes(query) ? 3 : 9;
    const rank = 2 * kind + (place > 0);
    if (kind < 9 && !(best?.rank <= rank)) best = { row, rank, name, length: text.length };
  }
  if (best) return best;
  const all = names.flatMap(({ begin }) => begin);
  if (!words.every((word) => begun(word, all) || begun(word, told))) return undefined;
  return { row, rank: words.some((word) => begun(word, all)) ? 8 : 9, name: row[1], length: names[0].text.length };
}

/** Those of `rows` that have every word, in a name or else in the definition. */
export function rank(rows, words) {
  return rows.map((row) => match(row, words)).filter(Boolean).sort((a, b) => a.rank - b.rank || a.length - b.length);
}

/** Those of which a name has most of a question's letters: `what is a transformer` leads to the transformer. */
export function nearest(rows, words) {
  const half = words.join("").length / 2;
  return rows
    .flatMap((row) => {
      const [best] = prepare(row).names
        .map(({ name, text, begin }, place) => ({ row, name, place, letters: words.filter((word) => begin.includes(word)).join("").length, length: text.length }))
        .sort(nearer);
      return best.letters > half ? [best] : [];
    })
    .sort(nearer);
}

const nearer = (a, b) => b.letters - a.letters || Math.min(a.place, 1) - Math.min(b.place, 1) || a.length - b.length;
