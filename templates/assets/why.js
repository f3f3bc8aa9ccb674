/** Where the drawn token's share of the draw comes from, and the sentences that speak for it. */

import { count, entryAt, find } from "./copies.js";
import { element, named, round } from "./frame.js";
import { sample } from "./sampling.js";
import { glued } from "./tokens.js";

const EVIDENCE = 3;

const figure = (share) => `${(round(share) * 100).toFixed(2)} %`; // as wide as the bar
const row = (texts) => element("tr", "", ...texts.map((text) => element("td", "", String(text))));
// The counts of the text, and in brackets, where they differ, the adjusted ones that the share is made of.
const both = (plain, adjusted) => (plain === adjusted ? plain : `${plain} (${adjusted})`);

export function write(live) {
  const { demo, corpus, offer, sampled, drawn, settings, source } = live;
  const { topK, topP, temperature } = settings;
  const id = offer.ids[drawn];
  const rows = source.contexts ? smoothed(live, id) : [copied(live, id)];

  // What the sampler makes of it, as far as it changes it.
  let last = offer.p[id];
  const after = (label, shares) => {
    if (Math.abs(shares[drawn] - last) > 1e-9) rows.push([label, "", "", "", "", figure(shares[drawn])]);
    last = shares[drawn];
  };
  const all = { temperature: 1, topK: 0, topP: 1 };
  const { kept, cut } = sampled;
  after("without the unknown word", sample(offer, all).shares);
  after(`temperature ${temperature}`, sample(offer, { ...all, temperature }).shares);
  after(`${cut} ${cut === "top-k" ? topK : topP}: ${kept} of ${offer.ids.length} stay`, sampled.shares);

  demo.querySelector(".why tbody").replaceChildren(...rows.map(row));
  demo.querySelector(".why p").hidden = !source.contexts; // it tells of smoothing
  demo.querySelector(".why summary b").textContent = named(corpus.words[id]);
  writeEvidence(live, id);
}

/** The rows of a smoothed model, longest context first, so that reading down the last column is the sum. */
function smoothed(live, id) {
  const { corpus, source } = live;
  const rows = [];
  let [weight, reached] = [1, 0];
  for (const { history, ids, counts, total, shares, gamma } of source.contexts(live.history()).reverse()) {
    const i = ids.indexOf(id);
    const share = shares[i] ?? 0;
    reached += weight * share;
    const followed = both(count(corpus, [...history, id]), counts[i] ?? 0);
    rows.push([spelled(corpus, history), both(count(corpus, history), total), followed, figure(share), figure(weight), figure(reached)]);
    weight *= gamma;
  }
  const share = 1 / (corpus.words.length + 1);
  rows.push(["any word", "", `1 in ${corpus.words.length + 1}`, figure(share), figure(weight), figure(reached + weight * share)]);
  return rows;
}

/** The one row of the model that does not smooth. */
function copied({ corpus, offer: { seen, p } }, id) {
  return [spelled(corpus, seen), count(corpus, seen), count(corpus, [...seen, id]), figure(p[id]), figure(1), figure(p[id])];
}

const spelled = (corpus, history) => history.map((id) => named(corpus.words[id] ?? "<s>")).join(" ") || "no context";

/** Up to three sentences in which the longest known context stands, those in which the word follows it first. */
function writeEvidence({ demo, corpus, offer: { seen }, address }, id) {
  const { tokens, START, END, words } = corpus;
  const gram = [...seen, id];
  const places = new Map(); // by the sentence's first place
  for (const found of [find(corpus, gram), seen.length ? find(corpus, seen) : []]) {
    for (const place of found) {
      if (places.size === EVIDENCE) break;
      const start = tokens.lastIndexOf(START, place);
      if (!places.has(start)) places.set(start, place);
    }
  }
  const items = [...places].map(([start, place]) => {
    const quote = element("q");
    quote.dir = "auto";
    for (let i = start + 1; tokens[i] !== END; i++) {
      const text = words[tokens[i]];
      if (i > start + 1 && !glued(words[tokens[i - 1]], text)) quote.append(" ");
      const follows = i === place + seen.length && tokens[i] === id;
      quote.append(follows ? element("b", "", text) : i >= place && i < place + seen.length ? element("mark", "", text) : text);
    }
    const item = element("li", "", quote);
    const entry = entryAt(corpus, place);
    if (entry) {
      const link = element("a", "", entry[1]);
      link.href = new URL(entry[0], address);
      item.append(" ", link);
    }
    return item;
  });
  demo.querySelector(".why ul").replaceChildren(...items);
}
