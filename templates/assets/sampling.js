/** From an offer, {ids, p, seen}, to the next token: see sitegen/ngram/sampling.py, whose numbers these are. */

const CLOSE = 1e-9; // sums of shares that miss top-p by less have reached it, in whichever order they were added

/** The model's rival, without smoothing: what followed the longest end of the sentence so far that the text has. */
export class LongestMatch {
  constructor(corpus) {
    this.corpus = corpus;
  }

  offer(history) {
    const { tokens, places, words, START } = this.corpus;
    let found = places.filter((place) => tokens[place] !== START);
    let length = 0;
    while (length < history.length) {
      const word = history.at(-1 - length);
      const longer = found.filter((place) => place > length && tokens[place - 1 - length] === word);
      if (!longer.length) break;
      found = longer;
      length++;
    }
    const counts = new Map();
    for (const place of found) counts.set(tokens[place], (counts.get(tokens[place]) ?? 0) + 1);
    const p = new Float64Array(words.length);
    for (const [id, count] of counts) p[id] = count / found.length;
    const ids = [...counts.keys()].sort((a, b) => p[b] - p[a] || a - b);
    return { ids, p, seen: history.slice(history.length - length) };
  }
}

/** The offer at a temperature, cut by top-k, then by top-p; the shares of the `kept` likeliest are divided by their sum. */
export function sample({ ids, p }, { temperature, topK, topP }) {
  let whole = 0;
  for (const id of ids) whole += p[id];
  const shares = new Float64Array(ids.length);
  let sum = 0;
  for (let i = 0; i < ids.length; i++) sum += shares[i] = temperature ? (p[ids[i]] / whole) ** (1 / temperature) : Number(!i);
  for (let i = 0; i < ids.length; i++) shares[i] /= sum;

  let [kept, together] = [ids.length, 1];
  if (topK || topP < 1) {
    for (kept = together = 0; kept < ids.length; ) {
      together += shares[kept++];
      if (kept === topK || together >= topP - CLOSE) break;
    }
  }
  for (let i = 0; i < kept; i++) shares[i] /= together;
  return { ids, shares, kept, cut: kept === topK ? "top-k" : "top-p" };
}

/** The place in the list where a number from 0 to 1 falls. */
export function draw({ shares, kept }, u) {
  let reached = 0;
  for (let i = 0; i < kept; i++) if ((reached += shares[i]) > u) return i;
  return kept - 1;
}

/** The i-th number, from 0, of Tommy Ettinger's 32-bit generator: uniform in [0, 1). */
export function mulberry32(seed, i) {
  const a = (seed + Math.imul(i + 1, 0x6d2b79f5)) | 0;
  let t = Math.imul(a ^ (a >>> 15), 1 | a);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
