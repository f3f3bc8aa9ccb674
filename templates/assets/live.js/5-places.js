/** Where tokens stand in the text that the model has counted, and what has been copied from there. */

const RUN = 8; // tokens in a row that count as copied
const INDEXED = 5; // tokens in a row that a corpus finds by its index

/** The entry, [path, title], of each sentence; `sentences` has an entry's number, then how many sentences are its, by turns. */
const owners = ({ entries, sentences }) =>
  sentences.flatMap((number, i) => (i % 2 ? Array(number).fill(entries[sentences[i - 1]]) : []));

/** A corpus of the sentences of one entry alone. */
export function pageCorpus(glossary, page) {
  const { tokens, words, length, START } = glossary;
  const here = owners(glossary).map(([path]) => path === page);
  let sentence = -1;
  const found = [...tokens.subarray(0, length)].filter((id) => here[id === START ? ++sentence : sentence]);
  const ids = [...new Set(found)].sort((a, b) => a - b); // by spelling, START last
  const corpus = new Corpus(ids.slice(0, -1).map((id) => words[id]), found.map((id) => ids.indexOf(id)));
  // Its one entry owns every sentence, of which there are fewer than tokens.
  return Object.assign(corpus, { entries: glossary.entries.filter(([path]) => path === page), sentences: [0, length] });
}

/** The places at which tokens, however many, stand in a row, in the text's order. */
function find(corpus, gram) {
  const [low, high] = corpus.range(gram.slice(0, INDEXED));
  const here = (place) => gram.every((id, i) => corpus.tokens[place + i] === id);
  return corpus.places.slice(low, high).filter(here).sort();
}

/** How often tokens, however many, stand in a row. */
const count = (corpus, gram) => (gram.length > INDEXED ? find(corpus, gram).length : corpus.count(gram));

/** The longest end of a history that the text has. */
function known(corpus, history) {
  while (history.length && !count(corpus, history)) history = history.slice(1);
  return history;
}

/** The entry, [path, title], in which a place stands. */
function entryAt(place) {
  corpus.owners ??= owners(corpus);
  corpus.starts ??= find(corpus, [corpus.START]);
  return corpus.owners[corpus.starts.findLastIndex((start) => start <= place)];
}

/** Marks the tokens that stand in rows of eight or more, not all of them given, in the corpus too; the places there. */
function copies() {
  const places = [];
  let place;
  for (const token of text) token.copy = false;
  for (let i = text.length - RUN; i >= 0; i--) {
    const row = text.slice(i, i + RUN);
    const gram = ids.slice(i, i + RUN);
    // What is given counts only where the row goes on into what is not.
    const counts = (place >= 0 || row.at(-1).made) && !gram.includes(corpus.END);
    [place] = counts ? find(corpus, gram) : [];
    if (place >= 0) {
      places.unshift(place);
      for (const token of row) token.copy = true;
    }
  }
  return places;
}
