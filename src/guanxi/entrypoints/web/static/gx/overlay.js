// Dialogs, bottom sheets, drawers and pop-overs: opening, placing, closing, focus back where it was.
const GAP = 6;

export function show(dialog) {
  if (!dialog || dialog.open) return;
  const before = document.activeElement;
  dialog.showModal();
  dialog.querySelector("[autofocus], .gx-dialog-body input:not([type=hidden]), .gx-dialog-body select, .gx-dialog-body textarea")?.focus();
  dialog.addEventListener("close", () => {
    before?.isConnected && before.focus();
    if (dialog.closest("#dialogs")) dialog.remove();
  }, { once: true });
}

function showNew(root) {
  root.querySelectorAll("dialog[data-show]").forEach((dialog) => { dialog.removeAttribute("data-show"); show(dialog); });
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-open]");
  if (opener) { event.preventDefault(); show(document.getElementById(opener.dataset.open)); }
  if (event.target.closest?.("[data-close]")) event.target.closest("dialog")?.close();
  const panel = event.target.closest?.("[data-panel]");
  if (panel) document.getElementById(panel.dataset.panel)?.classList.toggle("gx-open");
  if (event.target.matches?.("dialog.gx-dialog")) { // a click beside the sheet, on its backdrop
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }
  const item = event.target.closest?.(".gx-menu-item");
  if (item && !item.hasAttribute("popovertarget")) item.closest("[popover]")?.hidePopover?.();
});

// A pop-over stands under (or over) its button, inside the window.
function place(pop) {
  const button = document.querySelector(`[popovertarget="${CSS.escape(pop.id)}"]:is(:focus, :hover)`) ?? [...document.querySelectorAll(`[popovertarget="${CSS.escape(pop.id)}"]`)].find((b) => b.offsetParent !== null);
  if (!button) return;
  const from = button.getBoundingClientRect(), size = pop.getBoundingClientRect();
  const left = pop.dataset.align === "start" ? from.left : from.right - size.width;
  const below = from.bottom + GAP + size.height <= innerHeight || from.top < size.height;
  pop.style.left = `${Math.max(8, Math.min(left, innerWidth - size.width - 8))}px`;
  pop.style.top = `${Math.max(8, below ? Math.min(from.bottom + GAP, innerHeight - size.height - 8) : from.top - GAP - size.height)}px`;
}

document.addEventListener("toggle", (event) => {
  const pop = event.target;
  if (!pop.matches?.("[popover]")) return;
  document.querySelectorAll(`[popovertarget="${CSS.escape(pop.id)}"]`).forEach((b) => b.setAttribute("aria-expanded", event.newState === "open"));
  if (event.newState !== "open") return;
  place(pop);
  (pop.querySelector("[autofocus]") ?? pop.querySelector("[role=menuitem]"))?.focus();
}, true);
document.addEventListener("beforetoggle", (event) => {
  if (event.newState === "open" && event.target.matches?.("[popover]")) requestAnimationFrame(() => place(event.target));
}, true);

// Arrows in menus, tabs and segments.
document.addEventListener("keydown", (event) => {
  const item = event.target.closest?.("[role=menuitem]");
  if (!item || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
  event.preventDefault();
  const all = [...item.closest("[role=menu]").querySelectorAll("[role=menuitem]")];
  const at = all.indexOf(item);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
  all[(to + all.length) % all.length].focus();
});

// Ctrl/Cmd + Enter sends the form of the open dialog.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const form = event.target.closest?.("dialog form, form[data-ctrl-enter]");
  if (form) { event.preventDefault(); form.requestSubmit(); }
});

document.addEventListener("htmx:after:swap", () => showNew(document));
showNew(document);
