// Theme, keyboard, opening and closing of layers; loads the other scripts only where their attributes are.
import "./overlay.js";
import "./toast.js";
import "./palette.js";
import "./sse.js";

const LAZY = {
  "[data-grid], [data-bulk]": "./grid.js",
  "[data-board]": "./board.js",
  "[data-list]": "./list.js",
  "[data-builder][data-into]": "./builder.js",
  "[data-lookup]": "./select.js",
  "[data-chart]": "./charts.js",
  "[data-record], [data-form], [data-quick], [data-upload], [data-address], [data-links], [data-either], [data-preview]": "./record.js",
  "form[data-draft]": "./drafts.js",
  "[data-lines]": "./lines.js",
  "[data-mentions]": "./mentions.js",
  "[data-composer]": "./followup.js",
  "[data-design], [data-order]": "./designer.js",
  "[data-home]": "./home.js",
  "[data-import-file], [data-import]": "./import.js",
  "[data-merge]": "./merge.js",
  "input[data-narrow]": "./narrow.js",
};
const loaded = new Map();

async function bring(root) {
  for (const [selector, file] of Object.entries(LAZY)) {
    if (!root.querySelector?.(selector) && !root.matches?.(selector)) continue;
    if (!loaded.has(file)) loaded.set(file, import(file));
    (await loaded.get(file)).start(root);
  }
}

// Theme: light, dark, or as the device. Kept on this device and, by the server, with the person.
const root = document.documentElement;
export const isDark = () => root.dataset.theme === "dark" || (root.dataset.theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);

export function csrf() {
  const headers = document.body.getAttribute("hx-headers:inherited");
  return headers ? JSON.parse(headers)["X-CSRF-Token"] : "";
}

export function post(url, fields = {}) {
  return fetch(url, { method: "POST", body: new URLSearchParams(fields), headers: { "X-CSRF-Token": csrf(), "HX-Request": "true", "HX-Request-Type": "partial" } });
}

function switchTheme() {
  const theme = isDark() ? "light" : "dark";
  root.dataset.theme = theme;
  document.dispatchEvent(new CustomEvent("gx:theme"));
  post("/theme", { theme });
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new CustomEvent("gx:theme")));

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest?.(selector);
  if (at("[data-theme-switch]")) switchTheme();
  const copied = at("[data-copy]");
  if (copied) navigator.clipboard?.writeText(copied.dataset.copy);
  if (at("[data-help]")) document.getElementById("help")?.showModal();
});

document.addEventListener("change", (event) => {
  if (event.target.closest("[data-submit]") && event.target.form) event.target.form.requestSubmit();
  const drop = event.target.closest("[data-drop]");
  if (drop) drop.querySelector("[data-drop-name]").textContent = [...event.target.files].map((f) => f.name).join("、");
});
for (const [name, on] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
  document.addEventListener(name, (event) => event.target.closest?.("[data-drop]")?.classList.toggle("gx-over", on));
}
// A form is sent once; the button shows that it works.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || event.target.method === "dialog" || event.target.hasAttribute("hx-post")) return;
  setTimeout(() => { button.setAttribute("aria-busy", "true"); }, 0);
});
addEventListener("pageshow", (event) => event.persisted && document.querySelectorAll("[aria-busy=true]").forEach((b) => b.matches("button") && b.removeAttribute("aria-busy")));

// Keyboard: off while typing, off with modifiers, off while a dialog is open.
const typing = (node) => node.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
let going = 0;

function rows() {
  return [...document.querySelectorAll("[data-href]")].filter((row) => row.offsetParent !== null);
}

function step(by) {
  const all = rows();
  const here = all.findIndex((row) => row.classList.contains("gx-here"));
  const next = all[Math.min(Math.max(here + by, 0), all.length - 1)];
  if (!next) return;
  all[here]?.classList.remove("gx-here");
  next.classList.add("gx-here");
  if (!next.hasAttribute("tabindex")) next.tabIndex = -1;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function press(key) {
  const here = document.querySelector(".gx-here");
  const target = here?.querySelector(`[data-key="${key}"]`) ?? [...document.querySelectorAll(`[data-key="${key}"]`)].find((n) => n.offsetParent !== null);
  target?.click();
  return Boolean(target);
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  x: () => document.querySelector(".gx-here [data-pick]")?.click(),
  g: () => { going = Date.now(); },
  "?": () => document.getElementById("help")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.defaultPrevented) return;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  if (going && Date.now() - going < 1200 && /^[a-z]$/.test(key)) {
    going = 0;
    const link = document.querySelector(`[data-go="${key}"]`);
    if (link) { event.preventDefault(); link.click(); return; }
  }
  if (key === "enter") {
    const here = event.target.closest?.("[data-href]");
    if (here && event.target === here) location.href = here.dataset.href;
    return;
  }
  if (KEYS[key]) { event.preventDefault(); KEYS[key](); } else if (/^[a-z]$/.test(key) && press(key)) event.preventDefault();
});

document.addEventListener("htmx:after:swap", () => bring(document));
if (document.body.dataset.user) addEventListener("load", () => setTimeout(() => navigator.serviceWorker?.register("/worker.js").catch(() => {}), 3000)); // after the page is done
bring(document);
