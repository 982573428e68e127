// Look-up fields: type, pick from what the server offers; the hidden input carries the id.
let counter = 0;

export function start(root) {
  root.querySelectorAll("[data-lookup]:not([data-ready])").forEach(ready);
}

function ready(box) {
  box.dataset.ready = "";
  const input = box.querySelector("[role=combobox]"), hidden = box.querySelector("input[type=hidden]");
  let list = null, timer = 0, asked = 0, shown = input.value;

  const options = () => (list ? [...list.querySelectorAll("[role=option]")] : []);
  const current = () => options().find((o) => o.getAttribute("aria-selected") === "true");
  const close = () => {
    list?.remove(); list = null;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (option) => {
    for (const o of options()) o.setAttribute("aria-selected", o === option);
    if (option) { input.setAttribute("aria-activedescendant", option.id); option.scrollIntoView({ block: "nearest" }); }
  };
  const pick = (option) => {
    if (option.dataset.create) {
      box.dispatchEvent(new CustomEvent("gx:create", { bubbles: true, detail: { object: box.dataset.lookup, text: input.value } }));
      close();
      return;
    }
    hidden.value = option.dataset.value;
    shown = input.value = option.dataset.text ?? option.textContent.trim();
    close();
    hidden.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const ask = async () => {
    const mine = ++asked;
    const query = new URLSearchParams({ q: input.value === shown ? "" : input.value });
    const answer = await fetch(`/options/${box.dataset.lookup}?${query}`, { headers: { "HX-Request": "true", "HX-Request-Type": "partial" } }).catch(() => null);
    if (mine !== asked || !answer?.ok || document.activeElement !== input) return;
    close();
    list = document.createElement("div");
    list.className = "gx-options";
    list.id = `options-${++counter}`;
    list.setAttribute("role", "listbox");
    list.innerHTML = await answer.text();
    options().forEach((o, n) => { o.id = `${list.id}-${n}`; });
    list.addEventListener("pointerdown", (event) => { event.preventDefault(); const o = event.target.closest("[role=option]"); if (o) pick(o); });
    box.append(list);
    input.setAttribute("aria-controls", list.id);
    input.setAttribute("aria-expanded", "true");
    mark(options()[0]);
  };

  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 120); });
  input.addEventListener("click", () => { if (!list) ask(); });
  input.addEventListener("blur", () => {
    close();
    if (input.value.trim() === "") { if (hidden.value) { hidden.value = ""; hidden.dispatchEvent(new Event("change", { bubbles: true })); } shown = ""; } else input.value = shown;
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const all = options(), at = all.indexOf(current());
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!list) ask(); else mark(all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
    } else if (event.key === "Enter" && current()) { event.preventDefault(); event.stopPropagation(); pick(current()); } else if (event.key === "Escape" && list) { event.preventDefault(); event.stopPropagation(); close(); }
  });
}
