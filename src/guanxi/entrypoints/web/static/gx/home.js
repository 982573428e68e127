// Home: one follow-up form at a time, the day a line is put off to, the place in the queue after an action.
let place = -1;

const lines = () => [...document.querySelectorAll("#home .gx-work")];
const close = () => document.querySelectorAll("#home .gx-work-form").forEach((form) => form.remove());

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest?.(selector);
  if (at("[data-log]")) close();
  if (at("[data-close-form]")) close();
  const off = at("[data-snooze]");
  if (off) {
    const [object, id] = off.dataset.snooze.split(":");
    const form = document.querySelector("#home-snooze form");
    form.elements.object.value = object;
    form.elements.id.value = id;
  }
  const line = at("#home .gx-work");
  if (line) {
    place = lines().indexOf(line);
    lines().forEach((other) => other.classList.toggle("gx-here", other === line));
  }
  if (at("#home-snooze button")) document.getElementById("home-snooze").hidePopover();
}, true);

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.closest?.(".gx-work-form")) close();
});

document.addEventListener("change", (event) => {
  if (event.target.name === "next_date" && event.target.value) event.target.form.querySelectorAll("[name=next_on]").forEach((radio) => { radio.checked = false; });
});

document.addEventListener("htmx:after:swap", () => {
  const form = document.querySelector("#home .gx-work-form");
  if (form) { form.elements.text.focus(); return; }
  const next = lines()[Math.min(place, lines().length - 1)];
  if (place < 0 || !next) return;
  lines().forEach((line) => line.classList.toggle("gx-here", line === next));
  next.focus({ preventScroll: true });
});

export function start() {}
