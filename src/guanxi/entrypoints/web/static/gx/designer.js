// Ordered lists and the form designer: drag with SortableJS, or space, arrows, space; Delete takes a field out of the form.
import { post } from "./app.js";
import { heed, say, toast } from "./toast.js";

let held = null;

function loadSortable() {
  if (window.Sortable) return Promise.resolve();
  return new Promise((done) => {
    const script = document.createElement("script");
    script.src = new URL("../vendor/sortable.js", import.meta.url).href;
    script.onload = done;
    document.head.append(script);
  });
}

// Ordered lists: the order of the page is what the form sends; data-order="submit" sends it at once.
function settled(list) {
  if (list.dataset.order === "submit") list.closest("form").requestSubmit();
}

function orderKeys(event) {
  const item = event.target.closest?.("[data-order] > li");
  if (!item || event.target !== item) return;
  if (event.key === " ") {
    event.preventDefault();
    if (held) { drop(); settled(item.parentElement); } else lift(item);
  } else if (event.key === "Escape" && held) {
    event.preventDefault();
    held.parent.insertBefore(held.item, held.next);
    drop();
    item.focus();
  } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    event.preventDefault();
    const near = event.key === "ArrowUp" ? item.previousElementSibling : item.nextElementSibling;
    if (!held) { near?.focus(); return; }
    if (near) event.key === "ArrowUp" ? near.before(item) : near.after(item);
    tell(item);
  }
}

const tell = (item) => { item.focus(); say(`${item.textContent.trim()} · ${[...item.parentElement.children].indexOf(item) + 1}`); };
function lift(item) { held = { item, parent: item.parentElement, next: item.nextElementSibling }; item.classList.add("gx-held"); item.setAttribute("aria-grabbed", "true"); }
function drop() { held?.item.classList.remove("gx-held"); held?.item.removeAttribute("aria-grabbed"); held = null; }

// The designer: sections with slots, filled from the palette.
async function send(design) {
  const form = [...design.querySelectorAll("[data-section]")].map((block) => [Number(block.dataset.section), [...block.querySelectorAll("[data-slots] > [data-field]")].map((slot) => slot.dataset.field)]);
  const answer = await post(design.dataset.design, { form: JSON.stringify(form) }).catch(() => null);
  if (answer) heed(answer);
  if (answer?.ok) document.getElementById("draft").innerHTML = await answer.text();
  else { if (!answer) toast({ text: document.documentElement.lang.startsWith("zh") ? "没存上，检查一下网络" : "Not kept; check the network", tone: "red" }); setTimeout(() => location.reload(), 1500); }
}

function placed(design, item) { // a field stands in the form once; what came from the palette becomes a slot
  design.querySelectorAll(`[data-slots] > [data-field="${CSS.escape(item.dataset.field)}"]`).forEach((other) => { if (other !== item) other.remove(); });
  if (!item.classList.contains("gx-slotitem")) {
    const slot = document.createElement("div");
    slot.className = "gx-slotitem";
    slot.tabIndex = 0;
    slot.dataset.field = item.dataset.field;
    const name = document.createElement("a");
    Object.assign(name, { href: item.href, className: "gx-name gx-shrink", textContent: item.querySelector(".gx-shrink")?.textContent ?? "" });
    slot.append(...[...item.querySelectorAll("svg")].slice(1, 2), name);
    item.replaceWith(slot);
  }
  send(design);
}

function designKeys(design, event) {
  const item = event.target.closest?.("[data-slots] > .gx-slotitem");
  if (!item || event.target !== item) return;
  const slots = [...design.querySelectorAll("[data-slots]")], at = slots.indexOf(item.parentElement);
  if (event.key === " ") {
    event.preventDefault();
    if (held) { drop(); send(design); } else lift(item);
  } else if (event.key === "Enter") {
    item.querySelector("a")?.click();
  } else if (event.key === "Delete") {
    event.preventDefault();
    (item.nextElementSibling ?? item.previousElementSibling)?.focus();
    item.remove();
    send(design);
  } else if (event.key === "Escape" && held) {
    held.parent.insertBefore(held.item, held.next);
    drop();
    item.focus();
  } else if (event.key.startsWith("Arrow")) {
    event.preventDefault();
    const back = event.key === "ArrowLeft" || event.key === "ArrowUp";
    const near = back ? item.previousElementSibling : item.nextElementSibling;
    const other = slots[at + (back ? -1 : 1)];
    if (!held) { (near ?? (back ? other?.lastElementChild : other?.firstElementChild))?.focus(); return; }
    if (near) back ? near.before(item) : near.after(item);
    else if (other) back ? other.append(item) : other.prepend(item);
    tell(item);
  }
}

async function startDesign(design) {
  design.addEventListener("keydown", (event) => designKeys(design, event));
  design.querySelector("[data-filter-fields]")?.addEventListener("input", (event) => {
    const words = event.target.value.trim().toLowerCase();
    design.querySelectorAll("[data-palette-fields] > [data-field]").forEach((row) => { row.hidden = Boolean(words) && !`${row.textContent} ${row.dataset.field}`.toLowerCase().includes(words); });
  });
  await loadSortable();
  design.querySelectorAll("[data-palette-fields]").forEach((list) => new window.Sortable(list, { group: { name: "fields", pull: "clone", put: false }, sort: false, animation: 120, delay: 120, delayOnTouchOnly: true }));
  design.querySelectorAll("[data-slots]").forEach((list) => new window.Sortable(list, { group: "fields", animation: 120, delay: 120, delayOnTouchOnly: true, onAdd: (event) => placed(design, event.item), onUpdate: () => send(design) }));
}

async function startOrder(list) {
  list.addEventListener("keydown", orderKeys);
  await loadSortable();
  new window.Sortable(list, { animation: 120, delay: 120, delayOnTouchOnly: true, filter: "input, select, textarea", preventOnFilter: false, onUpdate: () => settled(list) });
}

export function start() {
  for (const [selector, begin] of [["[data-design]", startDesign], ["[data-order]", startOrder]]) {
    document.querySelectorAll(selector).forEach((node) => { if (!node.dataset.ready) { node.dataset.ready = "1"; begin(node); } });
  }
}
