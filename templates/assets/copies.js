/** Where tokens stand in the text that the model has counted, and what has been copied from there. */

const RUN = 8; // tokens in a row that count as copied
const INDEXED = 5; // tokens in a row that a corpus finds by its index

/** The places at which tokens, however many, stand in a row, in the text's order. */
export function find(corpus, gram) {
  const [low, high] = corpus.range(gram.slice(0, INDEXED));
  const here = (place) => gram.every((id, i) => corpus.tokens[place + i] === id);
  return corpus.places.slice(low, high).filter(here).sort();
}

/** How often tokens, however many, stand in a row. */
export const count = (corpus, gram) => (gram.length > INDEXED ? find(corpus, gram).length : corpus.count(gram));

/** The entry, [path, title], in which a place stands; of a page's own text there is none. */
export function entryAt(corpus, place) {
  const { entries, runs, tokens, length, START } = corpus;
  if (!entries) return undefined;
  if (!corpus.owners) {
    corpus.owners = new Uint16Array(length);
    let [run, left] = [-2, 0];
    for (let i = 0; i < length; i++) {
      if (tokens[i] === START && !left--) left = runs[(run += 2) + 1] - 1;
      corpus.owners[i] = runs[run];
    }
  }
  return entries[corpus.owners[place]];
}

/** The runs of a text, in numbers and in tokens, that stand word for word in the corpus and were not all given. */
export function copies(corpus, ids, text) {
  const runs = [];
  let end = 0;
  for (let from = 0; from + RUN <= ids.length; from++) {
    const start = ids.slice(from, from + INDEXED);
    if (start.includes(corpus.END)) continue;
    let [to, at] = [0, 0];
    for (const place of find(corpus, start)) {
      let n = INDEXED;
      while (from + n < ids.length && ids[from + n] === corpus.tokens[place + n] && ids[from + n] !== corpus.END) n++;
      if (from + n > to) [to, at] = [from + n, place];
    }
    // A run that starts within another one counts only if it goes on beyond that.
    if (to - from >= RUN && to > end && text.slice(from, to).some((token) => token.made)) {
      runs.push({ from, to, place: at });
      end = to;
    }
  }
  return runs;
}
