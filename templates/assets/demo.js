/** Wakes the live model. What it needs comes with the first touch of the text, a word or a control, or with a link's state. */

const PARTS = ".feed, .ledger, .controls, .why"; // the steps can be read without the model
const shared = () => location.hash.startsWith("#~");

class AutoregressiveDemo extends HTMLElement {
  #live;

  connectedCallback() {
    for (const control of this.querySelectorAll(":disabled")) control.disabled = false;
    for (const type of ["focusin", "click", "input", "change", "submit", "toggle"]) this.addEventListener(type, this, true);
    addEventListener("hashchange", this);
    if (shared()) this.#wake();
  }

  disconnectedCallback() {
    removeEventListener("hashchange", this);
    this.#live?.then((live) => live?.pause());
  }

  /** Whatever is touched while the model is on its way waits for it, in order. */
  handleEvent(event) {
    if (event.type === "submit") event.preventDefault();
    const { type, target } = event;
    // A press with a pointer is a touch when it is over, as a click: between, nothing under the pointer may change.
    const early = type === "focusin" && !target.matches(":focus-visible");
    const touched = type === "hashchange" ? shared() : !early && target.closest(PARTS);
    if (touched) this.#wake().then((live) => live?.on(event));
  }

  #wake() {
    return (this.#live ??= this.#load().catch(() => {
      this.#live = null; // so that the next touch tries again
      this.querySelector("[role=status]").textContent = "The model could not be loaded.";
    }));
  }

  async #load() {
    const [{ start }, response] = await Promise.all([
      import("./live.js"),
      fetch(new URL(this.dataset.model, document.baseURI)),
    ]);
    if (!response.ok) throw response;
    return start(this, response.body, response.url);
  }
}

customElements.define("autoregressive-demo", AutoregressiveDemo);
