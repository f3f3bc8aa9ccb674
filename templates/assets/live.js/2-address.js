/** The state of the demo in the address, `#~s=42&t=0.8`: only what differs from the printed start. */

const KEYS = { s: "seed", t: "temperature", n: "order", k: "topK", p: "topP", m: "longest", o: "page" };
const shared = () => location.hash.startsWith("#~");

/** The fragment for the state; the printed start has none. */
function written() {
  const tokens = made();
  const chosen = tokens.flatMap((token, i) => (token.you ? i : []));
  const state = { q: prompt, g: words(tokens).join(" "), y: chosen.join() };
  for (const [key, name] of Object.entries(KEYS)) state[key] = settings[name] === printed[name] ? "" : settings[name];
  const found = new URLSearchParams(Object.entries(state).filter(([, value]) => value !== ""));
  return found.size ? `#~${found}` : "";
}

/** Copies the address and says so; where that is refused the field shows it, selected. */
async function copy() {
  settle();
  const field = part("[name=link]");
  const { href } = location;
  field.hidden = true;
  try {
    await navigator.clipboard.writeText(href);
    say("The link is copied.");
  } catch {
    field.hidden = false;
    field.value = href;
    field.select();
    say("The link could not be copied: here it is, selected.");
  }
}

/** Whether a control can be set to a value: tried on the control, which `writeControls` sets anew. */
function allowed(name, value) {
  const input = part(`[name=${name}]`);
  if (!input) return name === "seed" && value === value >>> 0;
  if (input.type === "checkbox") return value === 1;
  input.value = value;
  return Number(input.value) === value;
}

/** The state that the address tells; what makes no sense there is left as the printed start has it. */
function restore() {
  const found = new URLSearchParams(shared() ? location.hash.slice(2) : "");
  settings = {};
  for (const [key, name] of Object.entries(KEYS)) {
    const value = Number(found.get(key) || NaN);
    settings[name] = allowed(name, value) ? value : printed[name];
  }
  equip();
  restart(found.get("q") ?? "");
  const chosen = found.get("y")?.split(",") ?? [];
  for (const [i, word] of (found.get("g") ?? "").split(" ").entries()) {
    const index = offer.ids.indexOf(corpus.ids.get(word));
    if (index < 0) break;
    append(index, chosen.includes(String(i)));
    predict();
  }
  show();
  settle();
}
