/** Text -> tokens and back, exactly as sitegen/ngram/tokens.py and sitegen/train.py have it. */

// The model file's header has the signs that these need, as Python has them: `marks` for use in a regular expression's class.
const glued = (before, token) => glossary.closing.includes(token) || glossary.opening.includes(before);

/** The tokens of what somebody typed; the first word small, if that is how it stands within sentences of the text. */
function read(text) {
  const { ids, places, tokens, marks, START } = glossary;
  const part = `[\\p{L}\\p{N}_${marks}]+`;
  const pattern =
    `[\\u3040-\\u30ff\\u3400-\\u9fff\\uf900-\\ufaff]|\\p{Nd}+(?:[.,]\\p{Nd}+)*|${part}(?:['’-]${part})*|` +
    "\\.\\.\\.|[^\\p{L}\\p{N}_\\p{Z}\\t-\\r\\x1c-\\x1f\\x85]";
  const curled = text.replace(/(?<![^\s([])"/g, "“").replace(/"/g, "”");
  const found = curled.match(new RegExp(pattern, "gu")) ?? [];
  const [word = "", ...rest] = found;
  const lower = word.replace(/./u, (sign) => sign.toLowerCase());
  const [low, high] = glossary.range([ids.get(lower)]);
  const within = places.subarray(low, high).some((place) => tokens[place - 1] !== START);
  return within ? [lower, ...rest] : found;
}
