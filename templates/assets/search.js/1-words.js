/** Finds terms by the beginnings of their words. What words and beginnings are, and how the index is cut, sitegen/outputs/search.py tells. */

const WORD = /[\p{L}\p{N}]+/gu;
const COMPOUND = /[\p{L}\p{N}]+(?:[-\u2010\u2013.'\u2019\u02bc][\p{L}\p{N}]+)+/gu;
const UNSPACED = /[\u0e01-\u0edf\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}]/gu;

/** A text without case, accents and variants of letters. */
export function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().toUpperCase().toLowerCase().replaceAll("ς", "σ");
}

export const wordsOf = (text) => plain(text).match(WORD) ?? [];

/** What may be typed to find a name begins one of these. */
export function beginnings(name) {
  const text = plain(name);
  const found = text.match(WORD) ?? [];
  found.push(...(text.match(COMPOUND) ?? []).map((compound) => compound.match(WORD).join("")));
  const inside = found.flatMap((word) => [...word.matchAll(UNSPACED)].map(({ index }) => word.slice(index)).filter((rest) => rest !== word));
  return [...found, ...inside];
}

/**
 * How many letters are wrong at the beginning of `word`, if `typed` is meant to be that beginning: left out, added, exchanged, or
 * swapped with their neighbour (Damerau and Levenshtein's distance, in its restricted form). Infinity where more than `most` are.
 */
export function wrong(typed, word, most) {
  const width = Math.min(word.length, typed.length + most);
  let [before, row] = [[], Array.from({ length: width + 1 }, (_, j) => j)];
  for (let i = 1; i <= typed.length; i++) {
    const next = [i];
    for (let j = 1; j <= width; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (typed[i - 1] !== word[j - 1]));
      if (typed[i - 1] === word[j - 2] && typed[i - 2] === word[j - 1]) next[j] = Math.min(next[j], before[j - 2] + 1);
    }
    if (Math.min(...next) > most) return Infinity;
    [before, row] = [row, next];
  }
  const least = Math.min(...row);
  return least > most ? Infinity : least;
}

/** The word that `typed` was meant to begin, if it begins none of `words`: the nearest, of several the one whose length is nearest. */
export function corrected(typed, words) {
  const most = typed.length < 4 ? 0 : typed.length < 8 ? 1 : 2;
  let [best, found] = [most + 1, undefined];
  for (const word of words) {
    if (word.startsWith(typed)) return undefined;
    const cost = wrong(typed, word, most) + Math.abs(word.length - typed.length) / 100;
    if (cost < best) [best, found] = [cost, word];
  }
  return found;
}
