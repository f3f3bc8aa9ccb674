/** The field: what is found stands below it, as plain links that the arrow keys go through. */

const [LISTED, AT_ONCE] = [50, 8];

/** Make `form` answer while somebody types: on the page of the search with all that is found, elsewhere with the first of it. */
export function mount(form) {
  if (form.dataset.awake) return;
  form.dataset.awake = "yes";
  const here = "here" in form.dataset;
  const field = form.elements.q;
  // What is told to those who listen stands outside of the box, which comes and goes.
  const told = form.appendChild(document.createElement("p"));
  const box = form.appendChild(document.createElement("div"));
  const status = box.appendChild(document.createElement("p"));
  const list = box.appendChild(document.createElement("ul"));
  told.className = "visually-hidden";
  told.setAttribute("role", "status");
  status.setAttribute("aria-hidden", "true");
  box.className = "found";
  box.hidden = true;
  box.tabIndex = -1; // so that a click into it does not leave the form
  list.className = "column";
  const links = () => [...list.querySelectorAll("a")];

  const entry = ({ row: [slug, title, , definition], name }) => {
    const [item, link, term, meaning] = ["li", "a", "bdi", "span"].map((tag) => document.createElement(tag));
    link.href = new URL(`../terms/${encodeURIComponent(slug)}/`, form.action);
    term.textContent = title;
    link.append(term);
    meaning.dir = "auto";
    meaning.textContent = definition;
    item.append(link, " ");
    if (name !== title) {
      const also = document.createElement("small");
      const other = document.createElement("bdi");
      other.textContent = name;
      also.append("also ", other);
      item.append(also, " ");
    }
    item.append(meaning);
    return item;
  };
  const said = ({ found, words, more, partly, changed, some }) => {
    const count = found.length + more;
    if (!count) return field.value.trim() && "Nothing is called so.";
    const number = `${count.toLocaleString("en")} ${count === 1 ? "term" : "terms"}${partly ? " and perhaps more" : ""}`;
    if (some) return `No term has all of these words. Nearest: ${number}.`;
    return changed ? `Nothing begins so. ${number} for “${words.join(" ")}”.` : `${number}.`;
  };

  let asked = 0;
  let answering;
  const show = () => (answering = answerTo(++asked));
  const answerTo = async (turn) => {
    const query = field.value;
    let answer;
    try {
      answer = await find(form.action, query);
    } catch {
      answer = undefined;
    }
    if (turn !== asked || !(here || form.contains(document.activeElement))) return; // somebody typed on, or left
    const shown = answer?.found.slice(0, here ? LISTED : AT_ONCE) ?? [];
    told.textContent = status.textContent = answer ? said(answer) : "The index cannot be loaded.";
    list.replaceChildren(...shown.map(entry));
    if (answer && shown.length < answer.found.length + answer.more) {
      const more = document.createElement("li");
      more.className = "onto";
      if (here) more.textContent = "More letters find fewer terms.";
      else {
        const link = more.appendChild(document.createElement("a"));
        link.href = `${form.action}?q=${encodeURIComponent(query)}`;
        link.textContent = "All that is found";
      }
      list.append(more);
    }
    box.hidden = !status.textContent;
    if (here) history.replaceState(history.state, "", query ? `?q=${encodeURIComponent(query)}` : location.pathname);
  };
  const close = () => {
    asked++;
    box.hidden = !here;
  };

  field.addEventListener("input", show);
  field.addEventListener("focus", () => box.hidden && field.value && show());
  form.addEventListener("keydown", async (event) => {
    if (event.isComposing || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape" && !here && !box.hidden) {
      event.preventDefault();
      field.focus();
      close();
    }
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || box.hidden) return;
    event.preventDefault();
    await answering;
    const stops = [field, ...links()];
    stops[stops.indexOf(document.activeElement) + by]?.focus();
  });
  form.addEventListener("focusout", (event) => form.contains(event.relatedTarget) || !document.hasFocus() || close());
  if (here) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      await answering;
      links()[0]?.focus();
    });
    field.value = new URLSearchParams(location.search).get("q") ?? field.value;
  }
  if (field.value) show();
}
