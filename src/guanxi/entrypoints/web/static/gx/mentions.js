// @ in a comment offers colleagues; arrows and Enter pick one.
function ready(text) {
  text.dataset.mentioned = "";
  const holder = document.createElement("div");
  holder.className = "gx-mention-holder";
  text.before(holder);
  holder.append(text);
  let list = null, asked = 0, from = -1;
  const close = () => { list?.remove(); list = null; };
  const options = () => (list ? [...list.querySelectorAll("[role=option]")] : []);
  const mark = (option) => options().forEach((o) => o.setAttribute("aria-selected", o === option));
  const pick = (option) => {
    const end = text.selectionStart, name = option.dataset.text;
    text.setRangeText(`@${name} `, from, end, "end");
    close();
    text.focus();
    text.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const look = async () => {
    const before = text.value.slice(0, text.selectionStart), found = /(?:^|[^A-Za-z0-9])[@＠]([^\s@＠]{0,20})$/.exec(before);
    if (!found) { close(); return; }
    from = before.length - found[1].length - 1;
    const mine = ++asked;
    const answer = await fetch(`/options/user?${new URLSearchParams({ q: found[1] })}`, { headers: { "HX-Request": "true", "HX-Request-Type": "partial" } }).catch(() => null);
    if (mine !== asked || !answer?.ok) return;
    close();
    list = Object.assign(document.createElement("div"), { className: "gx-options" });
    list.setAttribute("role", "listbox");
    list.innerHTML = await answer.text();
    if (!options().length) { close(); return; }
    list.addEventListener("pointerdown", (event) => { event.preventDefault(); const o = event.target.closest("[role=option]"); if (o) pick(o); });
    holder.append(list);
    mark(options()[0]);
  };
  text.addEventListener("input", look);
  text.addEventListener("blur", () => setTimeout(close, 150));
  text.addEventListener("keydown", (event) => {
    if (!list || event.isComposing) return;
    const all = options(), at = all.findIndex((o) => o.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); mark(all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]); }
    else if (event.key === "Enter" || event.key === "Tab") { event.preventDefault(); event.stopPropagation(); pick(all[Math.max(at, 0)]); }
    else if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); close(); }
  });
}

export function start(root) {
  root.querySelectorAll("[data-mentions]:not([data-mentioned])").forEach(ready);
}
