/** A model of one page: its own prose as sentences, found and cut as sitegen/train.py and sitegen/ngram/tokens.py do it. */

import { Corpus } from "./engine.js";
import { curled, tokenize, uncapitalised } from "./tokens.js";

const END = "</s>";
const SKIPPED = "pre, table, h2, h3, h4, h5, h6, sup";
const UNSPEAKABLE = "math, code";
const BLOCKS = "p, li, div, ul, ol, dd, dt, blockquote";
const GAP = "\ue002"; // stands for what cannot be spoken: its sentence is left out
const SENTENCE = /(?<=[.!?…])["'”’)\]]*\s+(?=["'“‘([]*(?![a-zß-öø-ÿ])[\p{L}\p{Nl}\p{No}])|(?<=[。！？])/gu;
const ABBREVIATION =
  /(?<![\p{L}\p{N}_])(?:e\.g|i\.e|etc|al|vs|cf|ca|Dr|Mr|Ms|Prof|St|No|Fig|Eq|[A-Z])\.["'”’)\]]*\s*$/u;

/** The running text of an element, a string a paragraph. */
function prose(root) {
  const blocks = [""];
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) blocks[blocks.length - 1] += node.data;
    else if (node.matches?.(UNSPEAKABLE)) blocks[blocks.length - 1] += GAP;
    else if (!node.matches?.(SKIPPED)) {
      const block = node.matches?.(BLOCKS);
      if (block) blocks.push("");
      node.childNodes.forEach(walk);
      if (block) blocks.push("");
    }
  };
  walk(root);
  return blocks.map((text) => text.trim()).filter((text) => /[.!?。！？]$/.test(text));
}

function sentences(text) {
  const found = [];
  let start = 0;
  for (const { 0: gap, index } of text.matchAll(SENTENCE)) {
    const end = index + gap.length;
    if (ABBREVIATION.test(text.slice(Math.max(start, index - 20), end))) continue;
    found.push(text.slice(start, end));
    start = end;
  }
  return [...found, text.slice(start)];
}

/** The sentences of a term's page, each a list of words, spelled as in the glossary's text. */
export function pageSentences(page, glossary) {
  const parts = [".summary", "[aria-labelledby=in-depth] .prose", "[aria-labelledby=sentence] blockquote"];
  const texts = parts.flatMap((part) => [...page.querySelectorAll(part)].flatMap(prose));
  return [page.querySelector(".definition").textContent, ...texts]
    .flatMap((text) => sentences(curled(text)))
    .filter((sentence) => !sentence.includes(GAP))
    .map((sentence) => uncapitalised(tokenize(sentence), glossary))
    .filter((words) => words.length);
}

export function pageCorpus(page, glossary) {
  const found = pageSentences(page, glossary);
  // By code point, as in the model's file; strings compare by halves of those.
  const key = (word) => Array.from(word, (sign) => sign.codePointAt().toString(16).padStart(6, "0")).join("");
  const words = [...new Set([END, ...found.flat()])].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const ids = new Map(words.map((word, id) => [word, id]));
  const tokens = found.flatMap((sentence) => [words.length, ...sentence.map((word) => ids.get(word)), ids.get(END)]);
  return new Corpus(words, tokens);
}
