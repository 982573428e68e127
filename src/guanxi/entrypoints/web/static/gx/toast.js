// Toasts: six seconds, longer under the pointer or focus; undo posts and says what came back.
import { post } from "./app.js";

const region = document.getElementById("toasts");
const LIFE = 6000;
const words = document.documentElement.lang.startsWith("zh") ? { undo: "撤销", undone: "已撤销", failed: "没撤成，请再试一次", number: "错误号", offline: "没有网络。你填的内容还在，连上再存。" } : { undo: "Undo", undone: "Undone", failed: "Could not undo. Try again.", number: "Error", offline: "No network. What you entered is still here; save it when you are back." };

export function toast({ text, undo, tone = "", link, link_text, number }) {
  const node = document.createElement("div");
  node.className = `gx-toast${tone ? ` gx-toast-${tone}` : ""}`;
  node.setAttribute("role", tone === "red" ? "alert" : "status");
  const said = document.createElement("span");
  said.className = "gx-grow";
  said.textContent = number ? `${text} ${words.number} ${number}` : text;
  node.append(said);
  if (undo) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "gx-link", textContent: words.undo });
    button.dataset.undo = undo;
    node.append(button);
  }
  if (link) {
    const a = document.createElement("a");
    Object.assign(a, { href: link, textContent: link_text ?? link });
    node.append(a);
  }
  region?.append(node);
  live(node);
}

function live(node) {
  let timer = 0;
  const start = () => { clearTimeout(timer); timer = setTimeout(() => node.remove(), LIFE); };
  const hold = () => clearTimeout(timer);
  for (const name of ["pointerenter", "focusin"]) node.addEventListener(name, hold);
  for (const name of ["pointerleave", "focusout"]) node.addEventListener(name, start);
  start();
}

async function undo(button) {
  button.disabled = true;
  const answer = await post(button.dataset.undo).catch(() => null);
  button.closest(".gx-toast")?.remove();
  toast(answer?.ok ? { text: words.undone } : { text: words.failed, tone: "red" });
  if (answer?.ok) setTimeout(() => location.reload(), 400);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-undo]");
  if (button) undo(button);
});
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.target.closest?.("input, textarea, [contenteditable]")) return;
  const last = [...document.querySelectorAll("[data-undo]")].pop();
  if (last) { event.preventDefault(); undo(last); }
});
document.addEventListener("gx:toast", (event) => toast(event.detail));
document.addEventListener("htmx:error", () => { if (!navigator.onLine) toast({ text: words.offline, tone: "red" }); });
addEventListener("offline", () => toast({ text: words.offline, tone: "red" }));
document.querySelectorAll("[data-toast]").forEach(live);

export function say(text) {
  const region = document.getElementById("said");
  if (region) region.textContent = text;
}

// What an answer to our own fetch asks for in HX-Trigger.
export function heed(answer) {
  const asked = answer.headers.get("HX-Trigger");
  if (!asked?.startsWith("{")) return;
  for (const [name, detail] of Object.entries(JSON.parse(asked))) document.dispatchEvent(new CustomEvent(name, { detail }));
}
