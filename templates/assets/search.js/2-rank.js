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

const plural = (word, each) => each.length > 2 && (word === each + "s" || word === each + "es");
const begun = (word, some) => some.some((each) => each.startsWith(word) || plural(word, each));
const wholly = (word, some) => some.some((each) => each === word || plural(word, each));

const BY_DEFINITION = 5; // the rank of those that have a word only in their definition

/** How far a term is from what is searched for, and the name by which it was found; undefined where a word is missing. */
function match(row, words, query, whole) {
  const { names, told } = prepare(row);
  const joined = words.join(" ");
  const exact = query.trim().toLowerCase();
  let best;
  for (const [place, { name, text, begin }] of names.entries()) {
    const ways = [
      name.toLowerCase() === exact, // with its signs: `C++` is not `C`
      text === joined,
      text.startsWith(joined),
      words.every((word) => begun(word, begin)),
      text.includes(joined),
    ];
    const kind = ways.indexOf(true);
    const rank = kind + (place > 0) / 2;
    if (kind >= 0 && !(best?.rank <= rank)) best = { row, rank, name, length: text.length };
  }
  if (best) return best;
  const all = names.flatMap(({ begin }) => begin);
  if (!words.every((word) => begun(word, all) || begun(word, told))) return undefined;
  const named = words.some((word) => begun(word, all));
  // The terms in one file of a large index are there by their names: that some of them are defined by a word is chance.
  return named || whole ? { row, rank: named ? BY_DEFINITION : BY_DEFINITION + 1, name: row[1], length: names[0].text.length } : undefined;
}

/** Those of `rows` that have every word, in a name or else in the definition. */
export function rank(rows, words, query, whole) {
  return rows.map((row) => match(row, words, query, whole)).filter(Boolean).sort((a, b) => a.rank - b.rank || a.length - b.length);
}

/** Those of which a name has more than a third of a question's letters: `what is a transformer` leads to the transformer. */
export function nearest(rows, words) {
  const enough = words.join("").length / 3;
  return rows
    .flatMap((row) => {
      const [best] = prepare(row).names
        .map(({ name, text, begin }, place) => ({ row, name, place, letters: words.filter((word) => wholly(word, begin)).join("").length, length: text.length }))
        .sort(nearer);
      return best.letters > enough ? [best] : [];
    })
    .sort(nearer);
}

const nearer = (a, b) => b.letters - a.letters || Math.min(a.place, 1) - Math.min(b.place, 1) || a.length - b.length;
