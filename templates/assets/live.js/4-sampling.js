/** From an offer, {ids, p, seen}, to the next token: see sitegen/ngram/sampling.py, whose numbers these are. */

const CLOSE = 1e-9; // sums of shares that miss top-p by less have reached it, in whichever order they were added

const total = (shares) => shares.reduce((sum, share) => sum + share, 0);

/** The model's rival, without smoothing: what followed the longest end of the sentence so far that the text has. */
export const longestMatch = (corpus) => ({
  offer(history) {
    const { tokens, words, START } = corpus;
    const seen = known(corpus, history);
    const next = Array.from(find(corpus, seen), (place) => tokens[place + seen.length]).filter((id) => id !== START);
    const p = new Float64Array(words.length);
    for (const id of next) p[id] += 1 / next.length;
    return { ids: [...new Set(next)].sort((a, b) => p[b] - p[a] || a - b), p, seen };
  },
});

/**
 * The offer at a temperature, cut by top-k, then by top-p; the shares of the `kept` likeliest are divided by their sum.
 * What cut the i-th word, from 0, is `cut(i)`.
 */
export function sample({ ids, p }, { temperature, topK, topP }) {
  const shares = Float64Array.from(ids, (id, i) => (temperature ? p[id] ** (1 / temperature) : !i));
  const sum = total(shares);
  const all = !topK && topP === 1;
  let [kept, together] = [0, 0];
  do together += shares[kept++] / sum;
  while (kept < ids.length && kept !== topK && (all || together < topP - CLOSE));
  const scaled = shares.map((share, i) => share / sum / (i < kept ? together : 1));
  return { ids, shares: scaled, kept, cut: (i) => (topK && i >= topK ? "top-k" : "top-p") };
}

/** The place in the list where a number from 0 to 1 falls. */
export function draw({ shares, kept }, u) {
  let reached = 0;
  return shares.findIndex((share, i) => (reached += share) > u || i === kept - 1);
}

/** The i-th number, from 0, of Tommy Ettinger's 32-bit generator: uniform in [0, 1). */
export function mulberry32(seed, i) {
  const a = (seed + Math.imul(i + 1, 0x6d2b79f5)) | 0;
  let t = Math.imul(a ^ (a >>> 15), 1 | a);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
