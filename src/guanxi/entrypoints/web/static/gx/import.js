// The import wizard: upload with progress, what a mended cell means for its row, pasting a block of cells.
import { csrf, post } from "./app.js";
import { toast } from "./toast.js";

const zh = document.documentElement.lang.startsWith("zh");

function send(form) {
  const bar = form.querySelector("[data-upload-bar]"), fill = bar.querySelector(".gx-m-fill");
  const text = bar.querySelector("[data-upload-text]"), button = form.querySelector("[type=submit]");
  const request = new XMLHttpRequest();
  request.open("POST", form.action || location.href);
  request.setRequestHeader("X-CSRF-Token", csrf());
  request.setRequestHeader("HX-Request", "true");
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    const share = Math.round((100 * event.loaded) / event.total);
    bar.hidden = false;
    fill.setAttribute("width", `${share}%`);
    text.textContent = share < 100 ? `${share}%` : zh ? "已上传，正在读文件…" : "Uploaded; reading the file…";
  });
  const failed = (said) => { bar.hidden = true; button.removeAttribute("aria-busy"); toast({ text: said, tone: "red" }); };
  request.addEventListener("load", () => {
    const go = request.getResponseHeader("HX-Redirect");
    if (go) { location.href = go; return; }
    const told = request.getResponseHeader("HX-Trigger");
    failed(told ? JSON.parse(told)["gx:toast"].text : zh ? "没传上去，请再试一次" : "The upload failed. Try again.");
  });
  request.addEventListener("error", () => failed(zh ? "网络断了，没传上去" : "The network broke; nothing was uploaded."));
  button.setAttribute("aria-busy", "true");
  request.send(new FormData(form));
}

document.addEventListener("gx:mended", ({ detail }) => {
  const why = document.getElementById(`why-${detail.row}`);
  if (!why) return;
  why.textContent = detail.why;
  why.className = `gx-wrap ${detail.good ? "gx-green" : "gx-red"}`;
  if (detail.good) for (const cell of why.closest("tr").querySelectorAll(".gx-cell-bad")) cell.classList.replace("gx-cell-bad", "gx-cell-good");
});

document.addEventListener("gx:paste", async ({ detail }) => {
  const grid = detail.cell.closest("[data-paste-url]");
  if (!grid) return;
  const rows = [...grid.querySelectorAll("tbody tr")], columns = [...detail.cell.closest("tr").querySelectorAll("[data-edit]")].map((c) => c.dataset.edit);
  const first = rows.indexOf(detail.cell.closest("tr")), left = columns.indexOf(detail.field), cells = {};
  detail.rows.forEach((line, n) => {
    const row = rows[first + n];
    if (row) cells[row.dataset.id] = Object.fromEntries(line.map((text, m) => [columns[left + m], text]).filter(([place]) => place !== undefined));
  });
  const answer = await post(grid.dataset.pasteUrl, { block: JSON.stringify({ cells }) }).catch(() => null);
  if (answer?.ok) location.reload();
  else toast({ text: zh ? "没贴上，请再试一次" : "The block was not taken. Try again.", tone: "red" });
});

export function start(root) {
  for (const form of root.querySelectorAll("[data-import-file]:not([data-ready])")) {
    form.dataset.ready = "";
    const input = form.querySelector("[type=file]");
    input.required = true;
    input.addEventListener("change", () => input.files.length && form.requestSubmit());
    form.addEventListener("submit", (event) => { event.preventDefault(); if (input.files.length) send(form); });
  }
}
