// The follow-up composer: one tap on each line, Enter saves, a chosen chip can be let go again.
const WITH_RESULT = ["call", "meeting", "visit"];

function ready(form) {
  form.dataset.readied = "";
  const results = form.querySelector("[data-results]"), day = form.querySelector("[data-pick-date]");
  const kind = () => form.querySelector("[name=kind]:checked")?.value;
  const sync = () => { if (results) results.hidden = !WITH_RESULT.includes(kind()); };
  form.addEventListener("change", (event) => {
    if (event.target === day) {
      form.querySelectorAll("[name=next_on][type=radio]").forEach((r) => { r.checked = false; });
      day.name = day.value ? "next_on" : "";
    } else if (event.target.name === "next_on") { day.value = ""; day.removeAttribute("name"); }
    day.closest("label").classList.toggle("gx-on", Boolean(day.value));
    if (day.value) day.closest("label").querySelector("[data-picked]").textContent = day.value;
    sync();
  });
  day.closest("label").addEventListener("click", () => { try { day.showPicker?.(); } catch { day.focus(); } });
  let was = null; // a second tap on a chosen chip takes it back
  form.addEventListener("pointerdown", (event) => { const radio = event.target.closest("label")?.querySelector("input[type=radio]"); was = radio?.checked && radio.name !== "kind" ? radio : null; });
  form.addEventListener("click", (event) => { if (was && event.target.closest("label")?.contains(was)) { event.preventDefault(); was.checked = false; was = null; } });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.target.matches("button")) return;
    event.preventDefault();
    form.requestSubmit();
  });
  sync();
}

export function start(root) {
  root.querySelectorAll("[data-composer]:not([data-readied])").forEach(ready);
}
