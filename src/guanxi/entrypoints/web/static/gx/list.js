// Lists: count, sum of the picked rows, filter words while typing, groups, columns, quick look, pasted blocks.
import { post } from "./app.js";
import { heed, say } from "./toast.js";

const HTMX = { "HX-Request": "true", "HX-Request-Type": "partial" };
const zh = document.documentElement.lang.startsWith("zh");
const get = (url, signal) => fetch(url, { headers: HTMX, signal }).catch(() => null);

function fill(node, html) {
  node.innerHTML = html;
  window.htmx?.process(node);
  document.dispatchEvent(new CustomEvent("htmx:after:swap"));
}

// --- count: capped at once, exactly on demand, cancelled by Esc or a click -------------------------------------------
async function count(box) {
  const answer = await get(box.dataset.count);
  box.innerHTML = answer?.ok ? await answer.text() : "";
  const all = document.querySelector("[data-bulk-all]"), number = box.querySelector("b")?.textContent;
  if (all && number) { all.dataset.text ??= all.textContent; all.textContent = zh ? `${all.dataset.text} ${number} 条` : `${all.dataset.text.replace("all that", `all ${number} that`)}`; }
}

async function countExactly(box) {
  const before = box.innerHTML, stop = new AbortController();
  const cancel = document.createElement("button");
  Object.assign(cancel, { type: "button", className: "gx-link", textContent: zh ? "正在数… 取消" : "Counting… cancel" });
  cancel.addEventListener("click", () => stop.abort());
  box.replaceChildren(cancel);
  cancel.focus();
  const url = new URL(box.dataset.count, location.href);
  url.searchParams.set("exact", "1");
  const answer = await get(url, stop.signal);
  if (answer && !answer.ok) heed(answer);
  box.innerHTML = answer?.ok ? await answer.text() : before;
  say(box.textContent);
}

document.addEventListener("click", (event) => {
  const exact = event.target.closest?.("[data-exact]");
  if (exact) countExactly(exact.closest("[data-count]"));
});

// --- sum of the picked rows ------------------------------------------------------------------------------------------
document.addEventListener("gx:picked", ({ detail }) => {
  const box = document.querySelector("[data-selected-sum]");
  if (!box) return;
  const rows = detail.ids.map((id) => document.querySelector(`tr[data-id="${CSS.escape(id)}"][data-sum]`)).filter(Boolean);
  box.hidden = !rows.length || detail.all;
  const total = rows.reduce((sum, row) => sum + BigInt(row.dataset.sum), 0n);
  const money = new Intl.NumberFormat(zh ? "zh-CN" : "en", { style: "currency", currency: box.dataset.currency, currencyDisplay: "narrowSymbol" });
  box.querySelector("b").textContent = money.format(Number(total) / 10000);
});

// --- filter words ----------------------------------------------------------------------------------------------------
function startFacets(form) {
  const input = form.querySelector("[role=combobox]"), list = document.getElementById("facet-list");
  if (!input || !list) return;
  let timer = 0, asked = 0, at = -1;
  const options = () => [...list.querySelectorAll("[role=option]")];
  const close = () => { list.hidden = true; at = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const mark = (n) => {
    const all = options();
    at = all.length ? (n + all.length) % all.length : -1;
    all.forEach((option, i) => { option.classList.toggle("gx-here", i === at); option.id ||= `facet-${i}`; });
    if (at >= 0) { input.setAttribute("aria-activedescendant", all[at].id); all[at].scrollIntoView({ block: "nearest" }); }
  };
  const place = () => {
    const box = form.getBoundingClientRect();
    list.style.left = `${Math.max(8, box.left)}px`;
    list.style.top = `${box.bottom + 4}px`;
    list.style.width = `${Math.min(box.width, 560, innerWidth - 16)}px`;
  };
  const ask = async () => {
    const mine = ++asked, url = new URL(form.dataset.facets, location.href);
    url.searchParams.set("typed", input.value.trim());
    url.searchParams.set("page", location.pathname.endsWith("/board") ? "board" : "");
    const answer = await get(url);
    if (mine !== asked || !answer?.ok || document.activeElement !== input) return;
    list.innerHTML = await answer.text();
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    place();
    at = -1;
  };
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 150); });
  input.addEventListener("focus", () => { clearTimeout(timer); timer = setTimeout(ask, 60); });
  input.addEventListener("blur", () => setTimeout(() => { if (!list.contains(document.activeElement)) close(); }, 120));
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); mark(at + (event.key === "ArrowDown" ? 1 : -1)); }
    if (event.key === "Escape" && !list.hidden) { event.preventDefault(); event.stopPropagation(); close(); }
    if (event.key === "Enter" && at >= 0 && options()[at]?.href) { event.preventDefault(); location.href = options()[at].href; }
    if (event.key === "Backspace" && !input.value) [...form.querySelectorAll(".gx-facet a")].pop()?.click();
  });
  list.addEventListener("pointerdown", (event) => { if (event.target.closest("[data-search]")) { event.preventDefault(); form.requestSubmit(); } });
}

// --- groups ----------------------------------------------------------------------------------------------------------
async function openGroup(button) {
  const body = button.closest("tbody").nextElementSibling, open = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!open));
  if (open) { body.hidden = true; return; }
  if (!body.childElementCount) {
    const answer = await get(button.dataset.group);
    if (!answer?.ok) { button.setAttribute("aria-expanded", "false"); if (answer) heed(answer); return; }
    fill(body, await answer.text());
  }
  body.hidden = false;
}

document.addEventListener("click", async (event) => {
  const group = event.target.closest?.("[data-group]"), more = event.target.closest?.("[data-more]");
  if (group) openGroup(group);
  if (!more) return;
  const answer = await get(more.dataset.more), row = more.closest("tr");
  if (answer?.ok) { row.insertAdjacentHTML("afterend", await answer.text()); row.remove(); document.dispatchEvent(new CustomEvent("htmx:after:swap")); }
});

// --- columns: ticked ones in their order -----------------------------------------------------------------------------
function startColumns(form) {
  const list = form.querySelector("[data-column-list]"), field = form.querySelector("[name=columns]");
  form.addEventListener("submit", () => {
    field.value = [...list.children].filter((row) => row.querySelector("input").checked).map((row) => row.dataset.name).join(",");
  });
  list.addEventListener("keydown", (event) => {
    const row = event.target.closest("[data-name]");
    if (!row || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "ArrowUp") row.previousElementSibling?.before(row); else row.nextElementSibling?.after(row);
    event.target.focus();
    say(`${row.textContent.trim()} · ${[...list.children].indexOf(row) + 1}`);
  });
  const sort = () => window.Sortable?.create(list, { animation: 120, handle: ".gx-i" });
  if (window.Sortable) { sort(); return; }
  const script = document.createElement("script");
  script.src = new URL("../vendor/sortable.js", import.meta.url).href;
  script.onload = sort;
  document.head.append(script);
}

// --- quick look: space on a row, or a click beside its link ----------------------------------------------------------
async function peek(row) {
  const list = row.closest("[data-list]"), panel = document.getElementById("peek");
  if (!panel || !list?.dataset.peek) return;
  const answer = await get(list.dataset.peek.replace("{id}", row.dataset.id));
  if (!answer?.ok) return;
  fill(panel, await answer.text());
  panel.hidden = false;
  panel.classList.add("gx-open");
  document.querySelectorAll("tr.gx-peeked").forEach((r) => r.classList.remove("gx-peeked"));
  row.classList.add("gx-peeked");
}

function closePeek() {
  const panel = document.getElementById("peek");
  if (!panel || panel.hidden) return false;
  panel.hidden = true;
  panel.classList.remove("gx-open");
  document.querySelectorAll("tr.gx-peeked").forEach((r) => r.classList.remove("gx-peeked"));
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && closePeek()) event.preventDefault();
  const row = event.key === " " && event.target.closest?.("tr[data-id]");
  if (row && event.target.matches("tr, td")) { event.preventDefault(); peek(row); }
});
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-peek-close]")) closePeek();
  const row = event.target.closest?.("[data-list] tr[data-id]");
  if (row && event.target.closest("[data-peek-open]")) { peek(row); return; }
  if (!row || event.target.closest("a, button, input, select, textarea, [data-edit], .gx-pick")) return;
  peek(row);
});

// --- a pasted block: cells below and right of the place it was pasted at, one step ----------------------------------
async function paste({ detail }) {
  const rows = [...document.querySelectorAll("tr[data-id]")];
  const from = rows.findIndex((row) => row.dataset.id === detail.id);
  const fields = [...rows[from].querySelectorAll("[data-edit]")].map((cell) => cell.dataset.edit);
  const first = fields.indexOf(detail.field);
  const changes = detail.rows.slice(0, rows.length - from).map((line, n) => ({
    id: rows[from + n].dataset.id, version: rows[from + n].dataset.version,
    values: Object.fromEntries(line.slice(0, fields.length - first).map((text, m) => [fields[first + m], text])),
  }));
  const object = document.querySelector("[data-list]").dataset.list;
  const answer = await post(`/o/${object}/paste`, { changes: JSON.stringify(changes) }).catch(() => null);
  if (!answer) return;
  heed(answer);
  if (answer.ok) fill(document.getElementById("dialogs"), await answer.text());
}
document.addEventListener("gx:paste", paste);

const started = new WeakSet();
export function start(root) {
  for (const [selector, run] of [["[data-count]", count], ["[data-facets]", startFacets], ["[data-columns]", startColumns], ["[data-builder]", startBuilder]]) {
    for (const node of root.querySelectorAll(selector)) if (!started.has(node)) { started.add(node); run(node); }
  }
}

function startBuilder(box) { // comes with its script only when it is opened
  box.closest("[popover]")?.addEventListener("toggle", async (event) => {
    if (event.newState !== "open") return;
    const { open } = await import("./builder.js");
    open(box);
  });
}
