/** Sends a form of our own newsletter and shows the answer in its place. Whatever goes wrong, the form is sent the plain way. */

const PATIENCE = 10_000; // milliseconds

/** The service's answer, `{ok, message}`. Throws if there is none that can be read. */
async function post(form) {
  const body = new URLSearchParams(new FormData(form));
  const headers = { Accept: "application/json" };
  const response = await fetch(form.action, { method: "POST", body, headers, signal: AbortSignal.timeout(PATIENCE) });
  const { ok, message } = await response.json();
  if (typeof message !== "string") throw response;
  return { ok, message };
}

function say(tag, message, attributes) {
  const element = document.createElement(tag);
  element.textContent = message;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

export function mount(form) {
  const email = form.querySelector("[type=email]");
  const described = email.getAttribute("aria-describedby");
  const mistake = say("p", "", { class: "mistake", id: `${email.id}-mistake`, role: "alert" });

  const refuse = (message) => {
    mistake.textContent = message;
    email.before(mistake);
    email.setAttribute("aria-invalid", "true");
    email.setAttribute("aria-describedby", [mistake.id, described].filter(Boolean).join(" "));
    email.focus();
  };
  const thank = (message) => {
    const status = say("p", message, { class: "answer", role: "status", tabindex: "-1" });
    const [first, ...rest] = form.querySelectorAll(".field");
    first.replaceWith(status);
    for (const field of rest) field.remove();
    status.focus();
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.ariaBusy) return; // pressed twice
    form.ariaBusy = "true";
    try {
      const { ok, message } = await post(form);
      (ok ? thank : refuse)(message);
    } catch {
      HTMLFormElement.prototype.submit.call(form);
    } finally {
      form.ariaBusy = null;
    }
  });
}
