// Search and commands: Ctrl/Cmd + K, lines from the server, arrows and Enter.
const dialog = document.getElementById("palette");
const input = dialog?.querySelector("input");
const list = dialog?.querySelector("[role=listbox]");
let timer = 0, asked = 0;

const hits = () => [...list.querySelectorAll("[role=option]")];

function choose(node) {
  for (const hit of hits()) hit.setAttribute("aria-selected", hit === node);
  if (!node) return;
  node.id ||= `hit-${hits().indexOf(node)}`;
  input.setAttribute("aria-activedescendant", node.id);
  node.scrollIntoView({ block: "nearest" });
}

// Records opened in this browser, newest first, kept per person; the server names those one may still see.
const shelf = `gx-recent-${document.body.dataset.user}`;
function recent() {
  try { return JSON.parse(localStorage.getItem(shelf) ?? "[]"); } catch { return []; }
}
const opened = /^\/o\/([a-z_0-9]+)\/(\d+)$/.exec(location.pathname);
if (opened && document.body.dataset.user) {
  const key = `${opened[1]}.${opened[2]}`;
  try { localStorage.setItem(shelf, JSON.stringify([key, ...recent().filter((k) => k !== key)].slice(0, 7))); } catch { /* private mode: nothing is kept */ }
}

async function ask() {
  const mine = ++asked;
  const here = opened ? `${opened[1]}.${opened[2]}` : "";
  const query = new URLSearchParams({ q: input.value, at: location.pathname, recent: input.value.trim() ? "" : recent().filter((k) => k !== here).join(",") });
  const answer = await fetch(`/palette?${query}`, { headers: { "HX-Request": "true", "HX-Request-Type": "partial" } }).catch(() => null);
  if (mine !== asked || !answer?.ok) return;
  list.innerHTML = await answer.text();
  choose(hits()[0]);
}

export function open(text = "") {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  input.value = text;
  input.select();
  ask();
}

function move(by) {
  const all = hits();
  const at = all.findIndex((hit) => hit.getAttribute("aria-selected") === "true");
  choose(all[(at + by + all.length) % all.length]);
}

document.addEventListener("click", (event) => { if (event.target.closest?.("[data-palette]")) open(); });
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); open(); }
});
input?.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 80); });
input?.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by) { event.preventDefault(); move(by); }
  if (event.key === "Enter") {
    event.preventDefault();
    const hit = hits().find((h) => h.getAttribute("aria-selected") === "true");
    if (hit && (event.ctrlKey || event.metaKey) && hit.href) window.open(hit.href); else hit?.click();
  }
});
list?.addEventListener("click", (event) => {
  const hit = event.target.closest("[role=option]");
  if (!hit) return;
  dialog.close();
  const key = hit.dataset.press;
  if (key) { event.preventDefault(); document.querySelector(`[data-key="${key}"]`)?.click(); }
});
