// Lines of a document: add, remove, take price and name over from the product, totals as one types.
const number = (text) => { const n = Number(String(text ?? "").replace(/[,，\s%]/g, "")); return Number.isFinite(n) ? n : 0; };
const money = (value) => value.toLocaleString(document.documentElement.lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const cell = (row, name) => row.querySelector(`[data-line-field="${name}"]`);
const input = (row, name) => cell(row, name)?.querySelector("input:not([type=hidden])");

function total(grid) {
  let sum = 0;
  for (const row of grid.querySelectorAll("[data-line]:not([hidden])")) {
    const price = input(row, "price"), quantity = input(row, "quantity"), shown = cell(row, "total")?.querySelector("output");
    if (!price || !quantity) continue;
    const value = number(price.value) * number(quantity.value) * (1 - number(input(row, "discount")?.value) / 100);
    sum += value;
    if (shown) shown.textContent = value ? money(value) : "";
  }
  grid.querySelector("[data-lines-total]").textContent = sum ? money(sum) : "";
}

function add(grid) {
  const blank = grid.querySelector("[data-line-blank]"), next = grid.querySelectorAll("[data-line]").length;
  const made = document.createElement("tbody");
  made.innerHTML = blank.innerHTML.replaceAll("__n__", String(next));
  const row = made.querySelector("tr");
  grid.querySelector("tbody").append(row);
  import("./select.js").then((m) => m.start(row));
  row.querySelector("input:not([type=hidden]), select")?.focus();
}

async function take(row, hidden) {
  const box = hidden.closest("[data-lookup]");
  if (!hidden.value || box.dataset.lookup.includes(",")) return;
  const answer = await fetch(`/o/${box.dataset.lookup}/${hidden.value}/values`, { headers: { "HX-Request": "true", "HX-Request-Type": "partial" } }).catch(() => null);
  if (!answer?.ok) return;
  const values = await answer.json();
  for (const name of ["price", "name"]) {
    const field = input(row, name), value = values[name];
    if (!field || value === null || value === undefined) continue;
    field.value = typeof value === "object" ? value.amount : value;
    const currency = cell(row, name).querySelector("select");
    if (currency && value.currency) currency.value = value.currency;
  }
  total(row.closest("[data-lines]"));
}

export function start(root) {
  for (const grid of root.querySelectorAll("[data-lines]:not([data-ready])")) {
    grid.dataset.ready = "";
    grid.addEventListener("input", () => total(grid));
    grid.addEventListener("change", (event) => { const row = event.target.closest("[data-line]"); if (row && event.target.type === "hidden" && event.target.closest("[data-lookup]")) take(row, event.target); });
    grid.addEventListener("click", (event) => {
      if (event.target.closest("[data-line-add]")) add(grid);
      const gone = event.target.closest("[data-line-remove]");
      if (gone) { const row = gone.closest("[data-line]"); row.querySelector("[data-gone]").value = "1"; row.hidden = true; total(grid); }
    });
    total(grid);
  }
}
