// What was typed and not saved stays on this device, per form, and comes back when the form is opened again.
const zh = document.documentElement.lang.startsWith("zh");
const PREFIX = `gx-draft-${document.body.dataset.user}-`, LIFE = 7 * 86_400_000;
const timers = new WeakMap();
const skipped = ({ name, dataset }) => !name || name.startsWith("_") || name.includes("__n__") || "secret" in dataset;

function read(form) {
  const found = {};
  for (const field of form.elements) {
    if (skipped(field) || field.type === "file" || field.type === "hidden" || field.type === "password") continue;
    if ((field.type === "checkbox" || field.type === "radio") && !field.checked) continue;
    (found[field.name] ??= []).push(field.value);
  }
  return found;
}

function fill(form, kept) {
  for (const field of form.elements) {
    if (skipped(field) || field.type === "hidden" || field.type === "file" || !(field.name in kept || field.type === "checkbox")) continue;
    const values = kept[field.name] ?? [];
    if (field.type === "checkbox" || field.type === "radio") field.checked = values.includes(field.value);
    else if (!(field instanceof HTMLSelectElement) || [...field.options].some((o) => o.value === values[0])) field.value = values[0] ?? "";
  }
}

function store(form) {
  const now = read(form), key = PREFIX + form.dataset.draft;
  try {
    if (JSON.stringify(now) === form.dataset.opened) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify({ at: Date.now(), version: form.elements._version?.value ?? "", values: now }));
  } catch { /* storage is full or switched off: the form still works */ }
}

function ready(form) {
  form.dataset.drafted = "";
  const key = PREFIX + form.dataset.draft, opened = read(form);
  form.dataset.opened = JSON.stringify(opened);
  let kept = null;
  try { kept = JSON.parse(localStorage.getItem(key)); } catch { kept = null; }
  const faulty = form.querySelector(".gx-error");
  const same = kept && kept.version === (form.elements._version?.value ?? "") && Date.now() - kept.at < LIFE;
  if (kept && !faulty && same) {
    fill(form, kept.values);
    const said = form.querySelector("[data-draft-said]");
    if (said) {
      said.textContent = zh ? "上次没存的内容还在。" : "What you had not saved is still here. ";
      const button = Object.assign(document.createElement("button"), { type: "button", className: "gx-link", textContent: zh ? "不要了" : "Discard" });
      button.addEventListener("click", () => { fill(form, opened); localStorage.removeItem(key); said.textContent = ""; });
      said.append(button);
    }
    for (const text of form.querySelectorAll("[data-grow]")) text.dispatchEvent(new Event("input", { bubbles: true }));
  }
  form.addEventListener("input", () => { clearTimeout(timers.get(form)); timers.set(form, setTimeout(() => store(form), 400)); });
  form.addEventListener("submit", () => { clearTimeout(timers.get(form)); sessionStorage.setItem("gx-sent", key); });
  form.querySelector("[data-discard]")?.addEventListener("click", () => localStorage.removeItem(key));
}

export function start(root) {
  // A page without faults after a form was sent: what it held is saved.
  const sent = sessionStorage.getItem("gx-sent");
  if (sent && !document.querySelector("form[data-draft] .gx-error, dialog form[data-draft]")) { localStorage.removeItem(sent); sessionStorage.removeItem("gx-sent"); }
  for (const form of root.querySelectorAll("form[data-draft]:not([data-drafted])")) ready(form);
}
