/**
 * An n-gram language model with interpolated, modified Kneser-Ney smoothing, counted from its own training text.
 * Pure functions of their arguments: what draws on the page is in demo.js.
 */

export const END = 0; // closes every sentence
export const START = 1; // stands before every sentence, is never predicted

/** Counts every n-gram of the text once; `json` is the model file. */
export function parseModel({ order, vocabulary, tokens, discounts }) {
  const size = vocabulary.length;
  const places = Array.from({ length: order }, (_, n) => size ** n);
  const raw = places.map(() => new Map()); // by length of context: context -> word -> count

  let history = [START];
  for (const token of tokens) {
    // A context is one number: the nearest word is its last digit, so that a modulo forgets the furthest.
    let context = 0;
    for (let n = 0; n < order && n <= history.length; n++) {
      if (n) context += history[history.length - n] * places[n - 1];
      count(raw[n], context, token);
    }
    history = token === END ? [START] : [...history, token].slice(1 - order);
  }

  const adjusted = raw.map((table, n) => (n === order - 1 ? table : continuations(table, raw[n + 1], n, places)));
  const ids = new Map(vocabulary.map((word, id) => [word, id]));
  const spelling = new Uint32Array(size);
  [...vocabulary.keys()].sort((a, b) => bySpelling(vocabulary[a], vocabulary[b])).forEach((id, rank) => (spelling[id] = rank));
  return { order, vocabulary, discounts, size, places, raw, adjusted, ids, spelling };
}

/** By code point, as Python sorts: `<` compares halves of the signs beyond U+FFFF. */
function bySpelling(a, b) {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  return (a.codePointAt(i) ?? -1) - (b.codePointAt(i) ?? -1);
}

function count(table, context, word) {
  let words = table.get(context);
  if (!words) table.set(context, (words = new Map()));
  words.set(word, (words.get(word) ?? 0) + 1);
}

/** Below the highest order a word counts once for each different word before it: "Francisco" is frequent, but only after "San". */
function continuations(table, longer, n, places) {
  const result = new Map();
  for (const [context, words] of longer) {
    for (const word of words.keys()) count(result, context % places[n], word);
  }
  // Nothing stands before the start of a sentence, so what begins there keeps its plain counts.
  for (const [context, words] of table) {
    if (n && Math.floor(context / places[n - 1]) === START) result.set(context, words);
  }
  return result;
}

/** The ids of a prompt's words behind a sentence start; what the vocabulary lacks becomes undefined. */
export function encode(model, words) {
  const lower = (word) => word.charAt(0).toLowerCase() + word.slice(1);
  const id = (word, i) => model.ids.get(word) ?? (i === 0 ? model.ids.get(lower(word)) : undefined);
  return [START, ...words.map(id)];
}

/** What the model can see of a history: its last words, back to the sentence's start or to an unknown word. */
export function visible(model, history) {
  const ids = history.slice(Math.max(0, history.length - model.order + 1));
  return ids.slice(Math.max(ids.lastIndexOf(START), ids.lastIndexOf(undefined) + 1));
}

/** The contexts of a history, shortest (none) first, as far as they occur in the text. */
function contexts(model, history) {
  const ids = visible(model, history);
  const keys = [0];
  for (let n = 1; n <= ids.length; n++) {
    const key = keys[n - 1] + ids[ids.length - n] * model.places[n - 1];
    if (!model.raw[n].has(key)) break;
    keys.push(key);
  }
  return keys;
}

/** What is left of a context's counts: the discounted share of each word, and gamma, the share of the shorter context. */
function shares(model, context, n) {
  const words = model.adjusted[n].get(context);
  const discounts = model.discounts[n];
  const kinds = [0, 0, 0];
  let total = 0;
  for (const c of words.values()) {
    total += c;
    kinds[Math.min(c, 3) - 1] += 1;
  }
  const gamma = (discounts[0] * kinds[0] + discounts[1] * kinds[1] + discounts[2] * kinds[2]) / total;
  return { words, gamma, own: (c) => Math.max(c - discounts[Math.min(c, 3) - 1], 0) / total };
}

/** P(word | history) for every word of the vocabulary, by id. */
export function distribution(model, history) {
  const p = new Float64Array(model.size).fill(1 / model.size); // the uniform guess: START is out, the unknown word is in
  contexts(model, history).forEach((context, n) => {
    const { words, gamma, own } = shares(model, context, n);
    for (let id = 0; id < p.length; id++) p[id] *= gamma;
    for (const [id, c] of words) p[id] += own(c);
  });
  return p;
}

/** How P(word | history) comes about, a row for each length of context, shortest first. */
export function explain(model, history, id) {
  const ids = visible(model, history);
  let p = 1 / model.size;
  return contexts(model, history).map((context, n) => {
    const { words, gamma, own } = shares(model, context, n);
    const counts = model.raw[n].get(context);
    const share = words.has(id) ? own(words.get(id)) : 0;
    p = gamma * p + share;
    const seen = [...counts.values()].reduce((a, b) => a + b, 0);
    return { context: ids.slice(ids.length - n), seen, followed: counts.get(id) ?? 0, own: share, gamma, p };
  });
}

/** Every word that may come next, likeliest first: `share` after temperature, `count` after the longest known context. */
export function candidates(model, history, temperature) {
  const p = distribution(model, history);
  const keys = contexts(model, history);
  const seen = model.raw[keys.length - 1].get(keys.at(-1));
  const ids = [...p.keys()].filter((id) => id !== START);
  ids.sort((a, b) => p[b] - p[a] || model.spelling[a] - model.spelling[b]);

  const whole = ids.reduce((sum, id) => sum + p[id], 0);
  const weights = ids.map((id, i) => (temperature ? (p[id] / whole) ** (1 / temperature) : Number(i === 0)));
  const sum = weights.reduce((a, b) => a + b, 0);
  return ids.map((id, i) => ({ id, text: model.vocabulary[id], share: weights[i] / sum, count: seen.get(id) ?? 0 }));
}

/** The place in the list where a number from 0 to 1 falls. */
export function draw(list, u) {
  const total = list.reduce((sum, { share }) => sum + share, 0);
  let reached = 0;
  const place = list.findIndex(({ share }) => (reached += share) > u * total);
  return place < 0 ? list.length - 1 : place;
}

/** A small seeded generator, the same in every language that has 32-bit integers. */
export function mulberry32(seed) {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
