/** The index: one file of all terms, or of many the one that a search needs. */

const files = new Map();

function file(folder, name) {
  const address = new URL(`${name}.json`, folder).href;
  if (!files.has(address)) {
    const answer = fetch(address).then((response) => (response.ok ? response.json() : Promise.reject(new Error(response.status))));
    answer.catch(() => files.delete(address)); // to be asked for again
    files.set(address, answer);
  }
  return files.get(address);
}

const spelled = (beginning) => [...beginning].map((c) => (c < "\x80" ? c : `-${c.codePointAt(0).toString(16)}_`)).join("");

/** The file in which terms with a word that begins so are: whether all of them, and its name; undefined where there are none. */
function place({ best, all }, word) {
  let found;
  for (const [whole, groups] of [[false, best], [true, all]]) {
    for (const group of groups) {
      for (const shared of group.split(" ")) {
        // The shortest that goes on from the word, else the longest that the word goes on from.
        const onward = shared.startsWith(word);
        if (!onward && !word.startsWith(shared)) continue;
        const better = !found || (onward ? !found.onward || shared.length < found.shared.length : !found.onward && shared.length > found.shared.length);
        if (better) found = { onward, shared, whole, name: spelled(group.split(" ")[0]) + "-" };
      }
    }
  }
  return found;
}

/** The terms among which those with all these words are, and how many more there may be; and what tells how words are spelled. */
async function terms(folder, words) {
  const index = await file(folder, "index");
  if (index.terms) {
    const spelling = () => index.terms.flatMap((row) => [...prepare(row).names.flatMap(({ begin }) => begin), ...prepare(row).told]);
    return { rows: index.terms, more: 0, spelling };
  }
  const places = words.map((word) => place(index, word)).filter(Boolean);
  places.sort((a, b) => b.whole - a.whole || b.shared.length - a.shared.length);
  const { terms: rows = [], more = 0 } = places.length ? await file(folder, places[0].name) : {};
  return { rows, more, spelling: async () => (await file(folder, "words")).words.split(" ") };
}

/** What a search finds: the terms, best first; how many more begin so; the words that were looked for; and whether only some were found. */
export async function find(folder, query) {
  let words = wordsOf(query);
  if (!words.length) return { found: [], words, more: 0 };
  let { rows, more, spelling } = await terms(folder, words);
  let found = rank(rows, words);
  if (!found.length) {
    const known = await spelling();
    const meant = words.map((word) => corrected(word, known) ?? word);
    if (String(meant) !== String(words)) {
      ({ rows, more } = await terms(folder, meant));
      found = rank(rows, meant);
      words = meant;
    }
  }
  if (found.length) return { found, words, more: words.length === 1 ? more : 0, changed: String(words) !== String(wordsOf(query)) };
  const longest = [...words].sort((a, b) => b.length - a.length).slice(0, 3);
  const pools = await Promise.all(longest.map((word) => terms(folder, [word])));
  const once = new Map(pools.flatMap((pool) => pool.rows).map((row) => [row[0], row]));
  return { found: nearest([...once.values()], words), words, more: 0, some: true };
}
