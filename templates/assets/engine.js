/**
 * The language model of sitegen/ngram/, counted in the browser from the very text it was trained on: interpolated
 * modified Kneser-Ney (Chen and Goodman 1998). No counts are stored: the text's places are sorted by the five tokens
 * that stand there, so that all places of an n-gram lie side by side and every count is found by binary search.
 */

const LONGEST = 5; // tokens by which places are sorted, hence the highest order

/** The corpus of a model file, a stream of what sitegen/ngram/packing.py writes. */
export async function readCorpus(file) {
  const inflated = new Response(file.pipeThrough(new DecompressionStream("gzip")));
  const bytes = new Uint8Array(await inflated.arrayBuffer());
  const text = (from, to) => new TextDecoder().decode(bytes.subarray(from, to));
  const start = bytes.indexOf(10) + 1;
  const header = JSON.parse(text(0, start));
  let at = start + header.vocabulary;

  const words = [];
  const kinds = [[], []]; // numbers of the rare words, which take two bytes, and of the frequent ones
  for (const coded of text(start, at).match(/[\0-\x1f][^\0-\x1f]*/g)) {
    const code = coded.charCodeAt(0);
    kinds[code >> 4].push(words.length);
    words.push((words.at(-1) ?? "").slice(0, code & 15) + coded.slice(1));
  }
  const singles = kinds[1].length;
  const codes = [...kinds[1], ...kinds[0]];
  const end = words.indexOf("</s>");
  const tokens = [];
  for (let id = end; at < bytes.length; tokens.push(id)) {
    if (id === end) tokens.push(words.length);
    const code = bytes[at++];
    id = codes[code < singles ? code : singles + (code - singles) * 256 + bytes[at++]];
  }
  return Object.assign(new Corpus(words, tokens), header);
}

/** One pass of a radix sort: every place moves one token back, in order, to the row of the token there. */
function moved(places, tokens, rows) {
  const sorted = new Uint32Array(tokens.length - LONGEST);
  for (let i = 0; i < sorted.length; i++) {
    const place = (places[i] || sorted.length) - 1;
    sorted[rows[tokens[place]]++] = place;
  }
  return sorted;
}

/** Words, by number in the order of their spelling, and a text in which each sentence is START, its words, END. */
export class Corpus {
  constructor(words, text) {
    const { length } = text;
    this.words = words;
    this.START = words.length;
    this.END = words.indexOf("</s>");
    this.length = length;
    const tokens = (this.tokens = new Uint16Array(length + LONGEST)); // what is read beyond the last END never matters
    tokens.set(text);

    // Places in the order of k tokens become places in the order of k + 1.
    const rows = new Uint32Array(words.length + 2);
    for (let i = 0; i < length; i++) rows[tokens[i] + 1]++;
    for (let id = 1; id < rows.length; id++) rows[id] += rows[id - 1];
    let places = Uint32Array.from(text.keys());
    for (let k = 0; k < LONGEST; k++) places = moved(places, tokens, rows.slice());
    this.places = places;

    // How many tokens each place shares with the one above it.
    this.shared = new Uint8Array(length);
    for (let i = 1; i < length; i++) {
      let n = 0;
      while (n < LONGEST && tokens[places[i - 1] + n] === tokens[places[i] + n]) n++;
      this.shared[i] = n;
    }
  }

  /** The range of `places` at which these at most five tokens stand; an unknown one, undefined, stands nowhere. */
  range(gram) {
    const first = (above) => {
      let [low, high] = [0, this.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        const place = this.places[middle];
        let i = 0;
        while (i < gram.length && this.tokens[place + i] === gram[i]) i++;
        if (i < gram.length ? this.tokens[place + i] < gram[i] : above) low = middle + 1;
        else high = middle;
      }
      return low;
    };
    return gram.includes(undefined) ? [0, 0] : [first(), first(true)];
  }

  /** How often these at most five tokens stand in the text; no tokens, as often as there is a token to draw. */
  count(gram) {
    const [low, high] = this.range(gram);
    return high - low - (gram.length ? 0 : this.count([this.START]));
  }
}

export class Model {
  constructor(corpus, order) {
    this.corpus = corpus;
    this.order = order;
    this.marks = new Uint32Array(corpus.words.length + 1); // by token: the run of `#grams` in which it was last met
    this.run = 0;
    this.discounts = corpus.discounts?.[order] ?? Array.from({ length: order }, (_, length) => this.#estimate(length));
    this.none = this.context([]);
    this.unigrams = new Float64Array(corpus.words.length).fill(1 / (corpus.words.length + 1));
    this.#mix(this.unigrams, this.none);
    this.ranking = [...this.unigrams.keys()].sort((a, b) => this.unigrams[b] - this.unigrams[a] || a - b);
  }

  /**
   * Calls `take(word, count, place)` for every n-gram of a history of `length` words and a word, in a range of places.
   * Its count is adjusted: at the highest order, and at a sentence's START, how often it stands there; below, after how
   * many different words.
   */
  #grams(length, [low, end], take) {
    const { tokens, places, shared, START } = this.corpus;
    while (low < end) {
      const place = places[low];
      const exact = length === this.order - 1 || tokens[place] === START;
      const run = ++this.run;
      let count = 0;
      do {
        const before = tokens[places[low] - 1];
        if (exact || this.marks[before] !== run) count++;
        if (!exact) this.marks[before] = run;
      } while (++low < end && shared[low] > length);
      if (tokens[place + length] !== START) take(tokens[place + length], count, place);
    }
  }

  /** D1, D2 and D3+ for n-grams with a history of `length` words: Dk = k - (k+1) Y n(k+1)/nk, Y = n1/(n1 + 2 n2). */
  #estimate(length) {
    const { corpus } = this;
    const n = [0, 0, 0, 0, 0, 0];
    this.#grams(length, [0, corpus.length], (_, count, place) => {
      if (corpus.tokens.indexOf(corpus.END, place) >= place + length) n[Math.min(5, count)]++; // else it is in two sentences
    });
    const y = n[1] / (n[1] + 2 * n[2]);
    const found = [1, 2, 3].map((k) => k - ((k + 1) * y * n[k + 1]) / n[k]);
    return found.every((d, i) => n[i + 1] && d > 0 && d <= i + 1) ? found : [0.5, 1, 1.5]; // the customary fallback
  }

  /** The words after `history`, their shares max(a - D, 0) / sum of a, and gamma, what is left for the shorter history. */
  context(history) {
    const { length } = history;
    const discounts = this.discounts[length];
    const [ids, counts, kinds] = [[], [], [0, 0, 0]];
    let total = 0;
    this.#grams(length, this.corpus.range(history), (word, count) => {
      ids.push(word);
      counts.push(count);
      kinds[Math.min(count, 3) - 1]++;
      total += count;
    });
    const shares = counts.map((count) => Math.max(count - discounts[Math.min(count, 3) - 1], 0) / total);
    const gamma = discounts.reduce((sum, d, i) => sum + d * kinds[i], 0) / total;
    return { history, ids, counts, total, shares, gamma };
  }

  #mix(p, { ids, shares, gamma }) {
    p.forEach((each, id) => (p[id] = each * gamma));
    ids.forEach((id, i) => (p[id] += shares[i]));
  }

  /** The contexts of a history that the text has, from none to the longest. */
  contexts(history) {
    const found = [this.none];
    for (let n = 1; n < this.order && n <= history.length; n++) {
      const longer = this.context(history.slice(-n));
      if (!longer.total) break;
      found.push(longer);
    }
    return found;
  }

  /** P(word | history) = share + gamma P(word | shorter history), for all words, by number. */
  distribution(history, contexts = this.contexts(history)) {
    const p = this.unigrams.slice();
    for (const context of contexts.slice(1)) this.#mix(p, context);
    return p;
  }

  /** What may come next: the words' numbers, likeliest first, ties by spelling, each one's p, and the context known. */
  offer(history) {
    const contexts = this.contexts(history);
    const p = this.distribution(history, contexts);
    // Words that no context has keep the order of the unigrams; the few others are sorted in among them.
    const few = new Set(contexts.slice(1).flatMap(({ ids }) => ids));
    const own = [...few].sort((a, b) => p[a] - p[b] || b - a);
    const ids = [];
    for (const id of this.ranking) {
      if (few.has(id)) continue;
      while (own.length && (p[own.at(-1)] - p[id] || id - own.at(-1)) > 0) ids.push(own.pop());
      ids.push(id);
    }
    return { ids: [...ids, ...own.reverse()], p, seen: contexts.at(-1).history };
  }
}
