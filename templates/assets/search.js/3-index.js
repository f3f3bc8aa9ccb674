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

function spelled(beginning) {
  const text = [...beginning].map((c) => (c < "\x80" ? c : `-${c.codePointAt(0).toString(16)}_`)).join("");
  let hashed = 0x811c9dc5;
  for (const c of text) hashed = Math.imul(hashed ^ c.charCodeAt(), 0x01000193);
  return text.length <= 60 ? text : `${text.slice(0, 40)}~${(hashed >>> 0).toString(16)}`;
}

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

/** The terms among which those with all these words are; of one word, how many more there are; and whether of several there may be more. */
async function terms(folder, words) {
  const index = await file(folder, "index");
  if (index.terms) return { rows: index.terms, whole: true, more: 0 };
  const places = words.map((word) => place(index, word)).filter(Boolean);
  places.sort((a, b) => b.whole - a.whole || b.shared.length - a.shared.length);
  // Where no file has all that share a word, the best of every word are looked at together.
  const needed = places.length && places[0].whole ? places.slice(0, 1) : places;
  const read = await Promise.all(needed.map(({ name }) => file(folder, name)));
  const rows = [...new Map(read.flatMap((each) => each.terms).map((row) => [row[0], row])).values()];
  const more = words.length === 1 && needed[0]?.onward ? (read[0].more ?? 0) : 0;
  return { rows, more, partly: words.length > 1 && needed.length > 0 && !needed[0].whole };
}

/** The words of all names. */
async function vocabulary(folder) {
  const index = await file(folder, "index");
  if (!index.terms) return (await file(folder, "words")).words.split(" ");
  return index.terms.flatMap((row) => prepare(row).names.flatMap(({ begin }) => begin));
}

/**
 * What a search finds: the terms, best first; how many more begin so, or whether there may be more; the words that were looked for,
 * and whether these are others than those that were typed; and whether the terms have only some of them.
 */
export async function find(folder, typed) {
  const query = typed.slice(0, 100);
  const words = wordsOf(query);
  if (!words.length) return { found: [], words, more: 0 };
  const pool = await terms(folder, words);
  const found = rank(pool.rows, words, query, pool.whole);
  if (found.length && found[0].rank < BY_DEFINITION) return { found, words, more: pool.more, partly: pool.partly };

  const known = await vocabulary(folder);
  const meant = words.map((word) => corrected(word, known) ?? word);
  for (const others of [[words.join("")], meant]) {
    if (String(others) === String(words)) continue;
    const { rows, more, partly } = await terms(folder, others);
    const named = rank(rows, others, query, false).filter((each) => each.rank < BY_DEFINITION);
    if (!named.length) continue;
    const once = new Map([...found, ...named].map((each) => [each.row[0], each]));
    for (const { row } of named) once.delete(row[0]);
    return { found: [...named, ...once.values()], words: others, more, partly, changed: others === meant };
  }
  if (found.length) return { found, words, more: 0 };

  const likely = words.map((word, i) => (word.length > 4 ? meant[i] : word));
  const longest = [...likely].sort((a, b) => b.length - a.length).slice(0, 3);
  const pools = await Promise.all(longest.map((word) => terms(folder, [word])));
  const once = new Map(pools.flatMap(({ rows }) => rows).map((row) => [row[0], row]));
  return { found: nearest([...once.values()], likely), words, more: 0, some: true };
}
