// Tables: picking rows (also a range), the bulk bar, roving focus, editing a cell in place, pasting a block.
import { csrf, post } from "./app.js";
import { heed, say, toast } from "./toast.js";

const HTMX = { "HX-Request": "true", "HX-Request-Type": "partial" };
const picks = (scope = document) => [...scope.querySelectorAll("[data-pick]")];
let last = null, everything = false;

function refresh() {
  const all = picks(), on = all.filter((box) => box.checked);
  for (const box of all) box.closest("tr")?.setAttribute("aria-selected", box.checked);
  const head = document.querySelector("[data-pick-all]");
  if (head) { head.checked = on.length > 0 && on.length === all.length; head.indeterminate = on.length > 0 && on.length < all.length; }
  const bar = document.querySelector("[data-bulk]");
  if (bar) {
    bar.hidden = on.length === 0;
    const zh = document.documentElement.lang.startsWith("zh");
    const text = everything ? (zh ? "已选全部" : "All selected") : zh ? `已选 ${on.length} 条` : `${on.length} selected`;
    bar.querySelector("[data-bulk-count]").textContent = text;
    if (on.length) say(text);
  }
  document.dispatchEvent(new CustomEvent("gx:picked", { detail: { ids: ids(), all: everything } }));
}

export const ids = () => picks().filter((box) => box.checked).map((box) => box.closest("[data-id]").dataset.id);

function onPick(event) {
  const box = event.target.closest("[data-pick]");
  if (!box) return;
  const all = picks();
  if (event.shiftKey && last && all.includes(last)) {
    const [a, b] = [all.indexOf(last), all.indexOf(box)].sort((x, y) => x - y);
    for (const other of all.slice(a, b + 1)) other.checked = box.checked;
  }
  last = box;
  everything = false;
  refresh();
}

async function onBulk(button) {
  const target = button.dataset.bulkPost;
  const query = everything ? { all: "1", where: location.search.slice(1) } : { ids: ids().join(",") };
  const answer = await post(target, query).catch(() => null);
  if (!answer) return;
  heed(answer);
  const go = answer.headers.get("HX-Redirect");
  if (go) { location.href = go; return; }
  const html = await answer.text();
  if (html.includes("<dialog")) {
    const holder = document.getElementById("dialogs");
    holder.innerHTML = html;
    window.htmx?.process(holder);
    document.dispatchEvent(new CustomEvent("htmx:after:swap"));
  } else if (answer.ok) location.reload();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-pick]")) onPick(event);
  if (event.target.closest("[data-pick-all]")) { for (const box of picks()) box.checked = event.target.checked; everything = false; refresh(); }
  if (event.target.closest("[data-bulk-clear]")) { for (const box of picks()) box.checked = false; everything = false; refresh(); }
  if (event.target.closest("[data-bulk-all]")) { for (const box of picks()) box.checked = true; everything = true; refresh(); }
  const bulk = event.target.closest("[data-bulk-post]");
  if (bulk) onBulk(bulk);
});

// --- cells -----------------------------------------------------------------------------------------------------
const cells = (grid) => [...grid.querySelectorAll("[data-edit]")];
const addressOf = (cell) => {
  const row = cell.closest("[data-id]");
  return cell.closest("[data-cell-url]").dataset.cellUrl.replace("{id}", row.dataset.id).replace("{field}", cell.dataset.edit);
};

async function edit(cell) {
  if (!cell || cell.querySelector(".gx-input")) return;
  const answer = await fetch(addressOf(cell), { headers: HTMX }).catch(() => null);
  if (!answer?.ok) { if (answer) heed(answer); return; }
  cell.dataset.before = cell.innerHTML;
  cell.innerHTML = await answer.text();
  cell.classList.add("gx-cell-edit");
  import("./select.js").then((m) => m.start(cell));
  const input = cell.querySelector(".gx-input");
  input?.focus();
  input?.select?.();
}

function leave(cell) {
  if (cell.dataset.before === undefined) return;
  cell.innerHTML = cell.dataset.before;
  delete cell.dataset.before;
  cell.classList.remove("gx-cell-edit");
}

async function store(cell) {
  const input = cell.querySelector("input[name=value], select[name=value], textarea[name=value]") ?? cell.querySelector(".gx-input");
  if (!input) return null;
  const row = cell.closest("[data-id]");
  const fields = new URLSearchParams([["value", input.value], ["version", row.dataset.version ?? ""]]);
  for (const other of cell.querySelectorAll("[name]:not([name=value])")) fields.append(other.name, other.value);
  const answer = await fetch(addressOf(cell), { method: "POST", body: fields, headers: { ...HTMX, "X-CSRF-Token": csrf() } }).catch(() => null);
  if (!answer) { toast({ text: document.documentElement.lang.startsWith("zh") ? "没有网络，还没保存" : "No network: not saved yet", tone: "red" }); return null; }
  heed(answer);
  const html = await answer.text();
  if (answer.status === 422) { cell.innerHTML = html; cell.querySelector(".gx-input")?.focus(); return null; }
  if (!answer.ok) { leave(cell); if (html.includes("<dialog")) { document.getElementById("dialogs").innerHTML = html; document.dispatchEvent(new CustomEvent("htmx:after:swap")); } return cell; }
  const version = answer.headers.get("X-Version");
  if (version) row.dataset.version = version;
  const box = document.createElement("template");
  box.innerHTML = html.trim();
  const fresh = box.content.firstElementChild;
  if (fresh?.matches("td, dd")) { cell.replaceWith(fresh); cell = fresh; } else { delete cell.dataset.before; cell.classList.remove("gx-cell-edit"); cell.innerHTML = html; }
  cell.classList.add("gx-cell-saved");
  cell.tabIndex = 0;
  return cell;
}

function neighbour(grid, cell, key) {
  const all = cells(grid);
  if (key === "next" || key === "previous") return all[all.indexOf(cell) + (key === "next" ? 1 : -1)];
  const column = all.filter((c) => c.dataset.edit === cell.dataset.edit);
  return column[column.indexOf(cell) + (key === "down" ? 1 : -1)];
}

async function keys(grid, event) {
  const cell = event.target.closest("[data-edit]");
  if (!cell || event.isComposing) return;
  const editing = cell.dataset.before !== undefined;
  if (editing) {
    if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); leave(cell); cell.focus(); }
    if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") {
      event.preventDefault();
      const to = event.key === "Enter" ? "down" : event.shiftKey ? "previous" : "next";
      const done = await store(cell);
      if (done) { const next = neighbour(grid, done, to) ?? done; next.focus(); if (event.key === "Tab") edit(next); }
    }
    return;
  }
  const to = { ArrowDown: "down", ArrowUp: "up", ArrowRight: "next", ArrowLeft: "previous" }[event.key];
  if (to) { event.preventDefault(); neighbour(grid, cell, to)?.focus(); }
  if (event.key === "Enter" || event.key === "F2") { event.preventDefault(); edit(cell); }
}

export function start(root) {
  for (const grid of root.querySelectorAll("[data-grid]:not([data-ready])")) {
    grid.dataset.ready = "";
    grid.addEventListener("keydown", (event) => keys(grid, event));
    grid.addEventListener("dblclick", (event) => edit(event.target.closest("[data-edit]")));
    grid.addEventListener("click", (event) => { if (grid.matches("[data-click-edits]")) edit(event.target.closest("[data-edit]")); });
    grid.addEventListener("focusout", (event) => {
      const cell = event.target.closest("[data-edit]");
      if (cell?.dataset.before !== undefined && !cell.contains(event.relatedTarget) && !cell.querySelector("[aria-invalid=true]")) setTimeout(() => { if (cell.isConnected && cell.dataset.before !== undefined && !cell.contains(document.activeElement)) store(cell); }, 150);
    });
    grid.addEventListener("paste", (event) => {
      const cell = event.target.closest("[data-edit]"), text = event.clipboardData.getData("text/plain");
      if (!cell || !/[\t\n]/.test(text.trim())) return;
      event.preventDefault();
      const rows = text.replace(/\r/g, "").replace(/\n$/, "").split("\n").map((line) => line.split("\t"));
      cell.dispatchEvent(new CustomEvent("gx:paste", { bubbles: true, detail: { rows, cell, field: cell.dataset.edit, id: cell.closest("[data-id]").dataset.id } }));
    });
  }
  for (const cell of root.querySelectorAll("[data-grid] [data-edit]:not([tabindex])")) cell.tabIndex = cell === root.querySelector("[data-edit]") ? 0 : -1;
  refresh();
}
