// Boards: drag with SortableJS, or space, arrows, space. A drop posts at once; refused, the card goes back.
import { post } from "./app.js";
import { show } from "./overlay.js";
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

const place = (card) => ({ list: card.parentElement, next: card.nextElementSibling });
const put = (card, { list, next }) => list.insertBefore(card, next?.parentElement === list ? next : null);

async function send(board, card, from) {
  if (card.parentElement === from.list && card.nextElementSibling === from.next) return;
  card.classList.add("gx-deal-wait");
  const url = board.dataset.board.replace("{id}", card.dataset.id);
  const after = card.previousElementSibling?.dataset.id ?? "";
  const answer = await post(url, { to: card.parentElement.dataset.column, after, version: card.dataset.version ?? "" }).catch(() => null);
  const body = answer ? await answer.text() : "";
  card.classList.remove("gx-deal-wait");
  if (answer) heed(answer);
  if (answer?.ok) {
    const version = answer.headers.get("X-Version");
    if (version) card.dataset.version = version;
    swap(body);
    return;
  }
  put(card, from);
  card.focus();
  const isDialog = body.includes("<dialog");
  if (isDialog) swapDialog(body); else if (!answer?.headers.get("HX-Trigger")) toast({ text: body && body.length < 300 ? body : document.documentElement.lang.startsWith("zh") ? "没移成，卡片放回原处了" : "Not moved; the card is back in its place", tone: "red" });
}

function swap(html) { // <hx-partial hx-target="#x"> pieces, each replaces the inside of its target
  const box = document.createElement("template");
  box.innerHTML = html;
  for (const part of box.content.querySelectorAll("hx-partial[hx-target]")) {
    const target = document.querySelector(part.getAttribute("hx-target"));
    if (!target) continue;
    if (part.getAttribute("hx-swap")?.startsWith("outer")) target.replaceWith(...part.childNodes); else target.replaceChildren(...part.childNodes);
    window.htmx?.process(target.isConnected ? target : document.body);
  }
}

function swapDialog(html) {
  const holder = document.getElementById("dialogs");
  holder.innerHTML = html;
  window.htmx?.process(holder);
  document.dispatchEvent(new CustomEvent("htmx:after:swap")); // look-ups inside come alive
  const dialog = holder.querySelector("dialog");
  dialog?.removeAttribute("data-show");
  show(dialog);
}

function keys(board, event) {
  const card = event.target.closest(".gx-deal");
  if (!card || event.target !== card) return;
  if (event.key === " ") {
    event.preventDefault();
    if (held) { const { from } = held; drop(); send(board, card, from); } else { held = { card, from: place(card) }; card.classList.add("gx-held"); card.setAttribute("aria-grabbed", "true"); }
    return;
  }
  if (event.key === "Escape" && held) { put(card, held.from); drop(); card.focus(); return; }
  if (!event.key.startsWith("Arrow")) return;
  event.preventDefault();
  const lists = [...board.querySelectorAll(".gx-cards")], at = lists.indexOf(card.parentElement);
  const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (held) {
    if (side && lists[at + side]) lists[at + side].prepend(card);
    if (event.key === "ArrowUp" && card.previousElementSibling) card.previousElementSibling.before(card);
    if (event.key === "ArrowDown" && card.nextElementSibling) card.nextElementSibling.after(card);
    say(`${card.parentElement.dataset.label ?? card.parentElement.dataset.column} · ${[...card.parentElement.children].indexOf(card) + 1}`);
    card.focus();
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
  } else {
    const to = side ? lists[at + side]?.querySelector(".gx-deal") : event.key === "ArrowUp" ? card.previousElementSibling : card.nextElementSibling;
    to?.focus();
  }
}

function drop() {
  held?.card.classList.remove("gx-held");
  held?.card.removeAttribute("aria-grabbed");
  held = null;
}

export async function start(root) {
  await loadSortable();
  for (const board of root.querySelectorAll("[data-board]:not([data-ready])")) {
    board.dataset.ready = "";
    board.addEventListener("keydown", (event) => keys(board, event));
    let from = null;
    for (const list of board.querySelectorAll(".gx-cards")) {
      window.Sortable.create(list, {
        group: board.dataset.board, draggable: ".gx-deal", delay: 150, delayOnTouchOnly: true, animation: 120,
        onStart: ({ item }) => { from = place(item); from.next = item.nextElementSibling; },
        onEnd: ({ item }) => { board.querySelectorAll(".gx-target").forEach((n) => n.classList.remove("gx-target")); send(board, item, from); },
        onChange: ({ to }) => { board.querySelectorAll(".gx-target").forEach((n) => n.classList.remove("gx-target")); to.classList.add("gx-target"); },
      });
    }
  }
}
