/** Where the drawn token's share of the draw comes from, and the sentences that speak for it. */

const EVIDENCE = 3;

const figure = (share) => place(share).replace("%", " %"); // as wide as the bar
// The count of the text, and in brackets, where it differs, the adjusted one that the share is made of.
const both = (plain, adjusted = plain) => (plain === adjusted ? plain : `${plain} (${adjusted})`);

function writeWhy() {
  if (!part(".why").open) return;
  const { topK, topP, temperature } = settings;
  const { kept, shares } = sampled;
  const { ids, p } = offer;
  const id = ids[drawn];
  const rows = arithmetic(id);

  // What the sampler makes of it, as far as it changes it.
  let last = p[id];
  const after = (label, shares) => {
    if (Math.abs(shares[drawn] - last) > 1e-9) rows.push([label, "", "", "", "", figure(shares[drawn])]);
    last = shares[drawn];
  };
  const all = { temperature: 1, topK: 0, topP: 1 };
  const cut = sampled.cut(kept);
  after("without the unknown word", sample(offer, all).shares);
  after(`temperature ${temperature}`, sample(offer, { ...all, temperature }).shares);
  after(`${cut} ${cut === "top-k" ? topK : topP}: ${kept} of ${ids.length} stay`, shares);

  const row = (texts) => element("tr", "", ...texts.map((text) => element("td", "", text)));
  part(".why tbody").replaceChildren(...rows.map(row));
  part(".why p").hidden = !source.contexts; // it tells of smoothing
  part(".why b").textContent = spelled([id]);
  part(".why ul").replaceChildren(...evidence(id));
}

/** The rows of the model, longest context first, so that reading down the last column is the sum. */
function arithmetic(id) {
  const { seen, p } = offer;
  // The longest match has one context, which passes nothing on.
  const one = { history: seen, ids: [id], shares: [p[id]], gamma: 0 };
  const contexts = source.contexts?.(numbers(sentence())) ?? [one];
  let [weight, reached] = [1, 0];
  const row = (context, seen, then, share) =>
    [context, seen, then, figure(share), figure(weight), figure((reached += weight * share))];
  const rows = contexts.reverse().map(({ history, ids, counts, total, shares, gamma }) => {
    const i = ids.indexOf(id);
    const followed = both(count(corpus, [...history, id]), counts && (counts[i] ?? 0));
    const found = row(spelled(history) || "no context", both(count(corpus, history), total), followed, shares[i] ?? 0);
    weight *= gamma;
    return found;
  });
  const words = corpus.words.length + 1;
  return weight ? [...rows, row("any word", "", `1 in ${words}`, 1 / words)] : rows;
}

/** Up to three sentences in which the longest known context stands, those in which the word follows it first. */
function evidence(id) {
  const { tokens, words } = corpus;
  const { seen } = offer;
  const places = new Map(); // by the sentence's first place
  for (const place of [...find(corpus, [...seen, id]), ...(seen.length ? find(corpus, seen) : [])]) {
    const start = tokens.lastIndexOf(corpus.START, place);
    if (places.size < EVIDENCE && !places.has(start)) places.set(start, place);
  }
  return Array.from(places, ([start, place]) => {
    const quote = element("q");
    const next = place + seen.length;
    quote.dir = "auto";
    for (let i = start + 1; tokens[i] !== corpus.END; i++) {
      const text = words[tokens[i]];
      if (i > start + 1 && !glued(words[tokens[i - 1]], text)) quote.append(" ");
      const follows = i === next && tokens[i] === id;
      quote.append(follows ? element("b", "", text) : i >= place && i < next ? element("mark", "", text) : text);
    }
    return element("li", "", quote, " ", linked(entryAt(place)));
  });
}
