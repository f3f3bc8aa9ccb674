/** The state of the demo in the address, `#~s=42&t=0.8`: only what differs from the printed start. */

const KEYS = { s: "seed", t: "temperature", n: "order", k: "topK", p: "topP", m: "longest", o: "page" };

/** The fragment for a state; the printed start has none. */
export function written({ settings, start, made }) {
  const found = new URLSearchParams();
  for (const [key, name] of Object.entries(KEYS)) if (settings[name] !== start[name]) found.set(key, settings[name]);
  if (settings.prompt) found.set("q", settings.prompt);
  if (made.length) found.set("g", made.map((token) => token.word).join(" "));
  const chosen = made.flatMap((token, i) => (token.you ? i : []));
  if (chosen.length) found.set("y", chosen);
  return found.size ? `#~${found}` : "";
}

/** Copies the address and says so; where that is refused the field shows it, selected. */
export async function copied(field) {
  try {
    await navigator.clipboard.writeText(location.href);
    field.hidden = true;
    return "The link is copied.";
  } catch {
    field.hidden = false;
    field.value = location.href;
    field.select();
    return "The browser did not let the link be copied: here it is, selected.";
  }
}

/** The state of a fragment. What makes no sense to `allowed` is left as the printed start has it. */
export function parsed(fragment, start, allowed) {
  const found = new URLSearchParams(fragment.slice(2));
  const settings = { ...start };
  for (const [key, name] of Object.entries(KEYS)) {
    const value = found.get(key);
    if (/^\d+(\.\d+)?$/.test(value) && allowed(name, Number(value))) settings[name] = Number(value);
  }
  settings.prompt = (found.get("q") ?? "").trim().slice(0, 400);
  const chosen = (found.get("y") ?? "").split(",");
  const made = (found.get("g") ?? "").split(" ").filter(Boolean);
  return { settings, made: made.map((word, i) => ({ word, you: chosen.includes(String(i)) })) };
}
