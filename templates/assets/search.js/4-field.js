/** The field: what is found stands below it, as plain links that the arrow keys go through. */

const [LISTED, AT_ONCE] = [50, 8];

/** Make `form` answer while somebody types: on the page of the search with all that is found, elsewhere with the first of it. */
export function mount(form) {
  if (form.dataset.awake) return;
  form.dataset.awake = "yes";
  const here = "here" in form.dataset;
  const field = form.elements.q;
  const box = form.appendChild(document.createElement("div"));
  const status = box.appendChild(document.createElement("p"));
  const list = box.appendChild(document.createElement("ul"));
  box.className = "found";
  box.hidden = true;
  status.setAttribute("role", "status");
  list.className = "column";
  const links = () => [...list.querySelectorAll("a")];

  const entry = ({ row: [slug, title, , definition], name }) => {
    const [item, link, term, told] = ["li", "a", "bdi", "span"].map((tag) => document.createElement(tag));
    link.href = new URL(`../terms/${encodeURIComponent(slug)}/`, form.action);
    term.textContent = title;
    link.append(term);
    told.dir = "auto";
    told.textContent = definition;
    item.append(link, " ");
    if (name !== title) {
      const also = document.createElement("small");
      also.textContent = `also ${name}`;
      item.append(also, " ");
    }
    item.append(told);
    return item;
  };
  const said = ({ found, words, more, changed, some }) => {
    const count = found.length + more;
    if (!words.length) return "";
    if (!count) return "Nothing is called so.";
    const number = `${count.toLocaleString("en")} ${count === 1 ? "term" : "terms"}`;
    if (some) return `No term has all of these words. Nearest: ${number}.`;
    return changed ? `Nothing begins so. ${number} for “${words.join(" ")}”.` : `${number}.`;
  };

  let asked = 0;
  const show = async () => {
    const query = field.value;
    const turn = ++asked;
    let answer;
    try {
      answer = await find(form.action, query);
    } catch {
      answer = undefined;
    }
    if (turn !== asked) return; // somebody typed on
    const shown = answer?.found.slice(0, here ? LISTED : AT_ONCE) ?? [];
    status.textContent = answer ? said(answer) : "The index cannot be loaded.";
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
  form.addEventListener("keydown", (event) => {
    const stops = [field, ...links()];
    const at = stops.indexOf(document.activeElement);
    if (event.key === "Escape" && !here && !box.hidden) {
      event.preventDefault();
      field.focus();
      close();
    }
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
    if (to === undefined || box.hidden || !stops[to]) return;
    event.preventDefault();
    stops[to].focus();
  });
  form.addEventListener("focusout", (event) => form.contains(event.relatedTarget) || close());
  if (here) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      links()[0]?.focus();
    });
    field.value = new URLSearchParams(location.search).get("q") ?? field.value;
  }
  if (field.value) show();
}
