/** Text -> tokens and back, exactly as sitegen/ngram/tokens.py and sitegen/train.py have it. */

// Characters inside a word that are neither letters nor numbers: MARKS of sitegen/names.py.
const MARKS =
  "\\u0300-\\u036f\\u0483-\\u0489\\u0591-\\u05bd\\u05bf\\u05c1\\u05c2\\u05c4\\u05c5\\u05c7\\u0610-\\u061a\\u064b-\\u065f\\u0670" +
  "\\u06d6-\\u06dc\\u06df-\\u06e4\\u06e7\\u06e8\\u06ea-\\u06ed\\u0900-\\u0963\\u0966-\\u0dff\\u1ab0-\\u1aff\\u1dc0-\\u1dff" +
  "\\u200c\\u200d\\u20d0-\\u20f0";
const WORD = `[\\p{L}\\p{N}_${MARKS}]+`;
const TOKEN = new RegExp(
  "[\\u3040-\\u30ff\\u3400-\\u9fff\\uf900-\\ufaff]|\\p{Nd}+(?:[.,]\\p{Nd}+)*" +
    `|${WORD}(?:['’-]${WORD})*|\\.\\.\\.|[^\\p{L}\\p{N}_\\p{Z}\\t-\\r\\x1c-\\x1f\\x85]`,
  "gu",
);
const GLUED = ",.;:!?)]}%’”…。，、！？；：）」"; // no space before these
const OPENING = "([{“‘$#（「"; // nor after these

export const tokenize = (text) => text.match(TOKEN) ?? [];

/** Straight double quotes as opening and closing ones. */
export const curled = (text) => text.replace(/(?<![^\s([])"/g, "“").replace(/"/g, "”");

export const glued = (before, token) => GLUED.includes(token) || OPENING.includes(before);

/** The sentence as the model spells it: its first word small, if that is how it stands within sentences of the text. */
export function uncapitalised(sentence, corpus) {
  const [word = "", ...rest] = sentence;
  const [first = ""] = word;
  const lower = first.toLowerCase() + word.slice(first.length);
  const [low, high] = corpus.range([corpus.ids.get(lower)]);
  const within = corpus.places.subarray(low, high).some((place) => corpus.tokens[place - 1] !== corpus.START);
  return within ? [lower, ...rest] : sentence;
}

/** The tokens of what somebody typed. */
export const read = (text, corpus) => uncapitalised(tokenize(curled(text)), corpus);
