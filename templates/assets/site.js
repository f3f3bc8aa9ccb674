/** Loaded on every page: the theme, the captions under a definition's tokens, and the loading of what comes near or is used. */

const root = document.documentElement;

function remember(key, value) {
  if (value) root.dataset[key] = value;
  else delete root.dataset[key];
  try {
    if (value) localStorage.setItem("glossary." + key, value);
    else localStorage.removeItem("glossary." + key);
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
  }
}

function themes() {
  const select = document.getElementById("theme");
  const bars = [...document.querySelectorAll("meta[name=theme-color]")].map((meta) => ({ meta, media: meta.media }));
  const paint = () => {
    for (const { meta, media } of bars) {
      // A chosen theme wins over the system's: its colour applies always, the other's never.
      meta.media = select.value ? (media.includes(select.value) ? "all" : "not all") : media;
    }
  };
  select.value = root.dataset.theme ?? "";
  select.addEventListener("change", () => {
    remember("theme", select.value);
    paint();
  });
  paint();
}

function captions(box) {
  const words = [...box.querySelectorAll(".definition span")];
  const numbers = [...box.querySelectorAll(".numbers li")];
  const caption = document.createElement("p");
  caption.className = "caption";
  caption.id = "caption";
  let current = null;

  const hide = () => {
    current?.classList.remove("current");
    current?.removeAttribute("aria-describedby");
    current = null;
    caption.replaceChildren();
  };
  const show = (word) => {
    if (word === current || root.dataset.tint) return;
    hide();
    current = word;
    word.classList.add("current");
    word.setAttribute("aria-describedby", caption.id);
    caption.replaceChildren(...[...numbers[words.indexOf(word)].childNodes].map((node) => node.cloneNode(true)));
    const all = box.getBoundingClientRect();
    const line = [...word.getClientRects()].at(-1);
    const left = Math.max(0, Math.min(line.left - all.left, all.width - caption.offsetWidth));
    caption.style.setProperty("left", `${left}px`);
    caption.style.setProperty("top", `${line.bottom - all.top}px`);
  };

  // One stop for the Tab key, arrows inside: a definition of thirty words must not be thirty stops.
  const reach = (word) => {
    for (const each of words) each.tabIndex = each === word ? 0 : -1;
  };
  const definition = words[0].parentElement;
  definition.addEventListener("pointerover", (event) => words.includes(event.target) && show(event.target));
  definition.addEventListener("focusin", (event) => {
    reach(event.target);
    show(event.target);
  });
  definition.addEventListener("keydown", (event) => {
    const forward = getComputedStyle(definition).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const at = words.indexOf(event.target);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: words.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    words.at(forward === "ArrowRight" || event.key.length < 5 ? to : 2 * at - to)?.focus();
  });
  box.addEventListener("pointerleave", hide);
  box.addEventListener("focusout", hide);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  reach(words[0]);
  box.append(caption);

  const tint = box.querySelector("#tint");
  tint.checked = root.dataset.tint !== "off";
  tint.addEventListener("change", () => remember("tint", tint.checked ? "" : "off"));
}

function late() {
  const wake = (element) => {
    near.unobserve(element);
    const { explorable } = element.dataset;
    if (!explorable) return import("./demo.js");
    if (element.dataset.awake) return;
    element.dataset.awake = "yes";
    return import(new URL(explorable, document.baseURI)).then((module) => module.mount(element));
  };
  const near = new IntersectionObserver(
    (entries) => entries.forEach((entry) => entry.isIntersecting && wake(entry.target)),
    { rootMargin: "400px" },
  );
  for (const element of document.querySelectorAll("autoregressive-demo, [data-explorable]")) {
    near.observe(element);
    element.addEventListener("focusin", () => wake(element), { once: true });
  }
  // A form that is sent before its script is there is sent the plain way.
  for (const form of document.querySelectorAll("[data-own]")) {
    form.addEventListener("focusin", () => import("./newsletter.js").then(({ mount }) => mount(form)), { once: true });
  }
  for (const form of document.querySelectorAll(".find")) {
    const wake = () => import("./search.js").then(({ mount }) => mount(form));
    if ("here" in form.dataset) wake();
    else form.addEventListener("focusin", wake, { once: true });
  }
  // The address may hold a state of the demo, as its "copy link" writes it.
  const demo = document.querySelector("autoregressive-demo");
  const show = () => {
    if (!demo || !location.hash.startsWith("#~")) return;
    demo.parentElement.scrollIntoView();
    wake(demo);
  };
  addEventListener("hashchange", show);
  show();
}

themes();
document.querySelectorAll(".tokens").forEach(captions);
late();
