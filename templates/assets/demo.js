/** Wakes the live model. What it needs comes with the first touch of all but the steps, or with a link's state. */

const demo = document.querySelector("autoregressive-demo");
const shared = () => location.hash.startsWith("#~");
let live;

async function load() {
  const [model, response] = await Promise.all([
    import("./live.js"),
    fetch(new URL(demo.dataset.model, document.baseURI)),
  ]);
  if (!response.ok) throw response;
  await model.start(demo, response.body, response.url);
  return model;
}

function wake() {
  return (live ??= load().catch(() => {
    live = null; // so that the next touch tries again
    demo.querySelector("[role=status]").textContent = "The model could not be loaded.";
  }));
}

/** Whatever is touched while the model is on its way waits for it, in order. */
function touch(event) {
  const { type, target } = event;
  if (type === "submit") event.preventDefault();
  // A press with a pointer is a touch when it is over, as a click: between, nothing under the pointer may change.
  const early = type === "focusin" && !target.matches(":focus-visible");
  // The steps can be read without the model.
  if (type === "hashchange" ? shared() : !early && !target.closest(".steps")) wake().then((model) => model?.on(event));
}

for (const control of demo.querySelectorAll(":disabled")) control.disabled = false;
for (const type of ["focusin", "click", "input", "change", "submit", "toggle"]) demo.addEventListener(type, touch, true);
addEventListener("hashchange", touch);
if (shared()) wake();
