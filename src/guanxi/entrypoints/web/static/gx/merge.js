// The merge page: what is chosen in a line, or written, shows in the column of the result.
function show(row) {
  const result = row.querySelector("[data-result]");
  if (!result) return;
  const typed = row.querySelector("details input");
  const chosen = row.querySelector("input[type=radio]:checked")?.closest("label").querySelector("[data-value]");
  if (typed?.value.trim()) result.textContent = typed.value.trim();
  else if (chosen) result.innerHTML = chosen.innerHTML;
}
document.addEventListener("change", (event) => { const row = event.target.closest("[data-merge] tbody tr"); if (row) show(row); });
document.addEventListener("input", (event) => { const row = event.target.closest("[data-merge] tbody tr"); if (row) show(row); });
