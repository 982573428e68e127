// Record page and forms: parts on phones, growing texts, places, links, uploads, making a record from a look-up.
import { csrf } from "./app.js";
import { toast } from "./toast.js";
import { show } from "./overlay.js";

const zh = document.documentElement.lang.startsWith("zh");
const words = zh ? { failed: "没传上去，请再试一次", saved: "已选" } : { failed: "Could not upload. Try again." };
let asking = null; // the look-up box that asked for a new record

document.addEventListener("click", (event) => {
  const part = event.target.closest?.("[data-part]");
  if (part) {
    document.querySelector(".gx-rec-body").dataset.show = part.dataset.part;
    for (const other of document.querySelectorAll("[data-part]")) other.setAttribute("aria-selected", other === part);
  }
  const more = event.target.closest?.("[data-facts-more]");
  if (more) {
    more.closest("[data-facts]").classList.toggle("gx-every");
    [more.textContent, more.dataset.factsMore] = [more.dataset.factsMore, more.textContent];
  }
  const drop = event.target.closest?.("[data-unlink]");
  if (drop) { const form = drop.closest("form"); drop.closest("li, .gx-facet").remove(); form?.dispatchEvent(new Event("input", { bubbles: true })); }
});

document.addEventListener("input", (event) => {
  const text = event.target.closest?.("[data-grow]");
  if (text) grow(text);
});

function grow(text) {
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight + 2, 320)}px`;
  text.closest(".gx-compose")?.classList.toggle("gx-filled", text.value.trim() !== "");
}

document.addEventListener("change", async (event) => {
  const place = event.target.closest?.("[data-address] select");
  if (place) await cascade(place);
  const either = event.target.closest?.("[data-either]");
  if (either) { const fresh = either.querySelector("[data-new]"); either.querySelector("input[type=hidden]").value = fresh?.checked ? "1" : ""; }
  const add = event.target.closest?.("[data-links] [data-add]");
  if (add?.value) link(add);
  const files = event.target.closest?.("[data-upload] input[type=file]");
  if (files) upload(files);
  const named = event.target.closest?.("label")?.querySelector("[data-file-name]");
  if (named && event.target.files) named.textContent = [...event.target.files].map((f) => f.name).join("、");
});

async function cascade(select) {
  const all = [...select.closest(".gx-address").querySelectorAll("select")];
  const at = all.indexOf(select);
  for (const lower of all.slice(at + 1)) { lower.length = 1; lower.hidden = true; }
  const next = all[at + 1];
  if (!next || !select.value) return;
  const answer = await fetch(`/regions/${select.value}`).catch(() => null);
  const list = answer?.ok ? await answer.json() : [];
  for (const [code, name] of list) next.add(new Option(name, code));
  next.hidden = list.length === 0;
}

function link(hidden) {
  const box = hidden.closest("[data-links]"), input = box.querySelector("[role=combobox]");
  const known = [...box.querySelectorAll(`.gx-chips input`)].some((i) => i.value === hidden.value);
  if (!known) {
    const chip = document.createElement("span");
    chip.className = "gx-facet";
    const value = Object.assign(document.createElement("input"), { type: "hidden", name: box.dataset.links, value: hidden.value });
    const remove = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
    remove.dataset.unlink = "";
    remove.setAttribute("aria-label", zh ? "移除" : "Remove");
    chip.append(input.value, value, remove);
    box.querySelector(".gx-chips").append(chip);
  }
  hidden.value = "";
  input.value = "";
}

async function upload(input) {
  const box = input.closest("[data-upload]"), data = new FormData();
  for (const file of input.files) data.append("file", file);
  const answer = await fetch("/files", { method: "POST", body: data, headers: { "X-CSRF-Token": csrf(), "HX-Request": "true", "HX-Request-Type": "partial" } }).catch(() => null);
  input.value = "";
  if (!answer?.ok) { toast({ text: words.failed, tone: "red" }); return; }
  for (const file of await answer.json()) {
    const line = document.createElement("li"), name = document.createElement("a");
    Object.assign(name, { href: `/files/${file.id}`, textContent: file.name, target: "_blank" });
    const hidden = Object.assign(document.createElement("input"), { type: "hidden", name: box.dataset.upload, value: file.id });
    const remove = Object.assign(document.createElement("button"), { type: "button", className: "gx-btn gx-btn-ghost gx-btn-icon gx-btn-sm", textContent: "×" });
    remove.dataset.unlink = "";
    line.append(name, hidden, remove);
    box.querySelector(".gx-uploads").append(line);
  }
}
for (const [name, on] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
  document.addEventListener(name, (event) => event.target.closest?.(".gx-drop-line")?.classList.toggle("gx-over", on));
}

// A look-up offers to make what it did not find: a short form opens, and what it makes is picked.
document.addEventListener("gx:create", async (event) => {
  asking = event.target.closest("[data-lookup]");
  const { object, text } = event.detail;
  const query = new URLSearchParams({ quick: "1", pick: "1", name: text });
  const answer = await fetch(`/o/${object}/new?${query}`, { headers: { "HX-Request": "true", "HX-Request-Type": "partial" } }).catch(() => null);
  if (!answer?.ok) return;
  const holder = document.createElement("div");
  holder.innerHTML = await answer.text();
  const dialog = holder.querySelector("dialog");
  dialog.removeAttribute("data-show");
  dialog.querySelector("form").setAttribute("hx-target", "closest dialog");
  dialog.querySelector("form").setAttribute("hx-swap", "outerHTML");
  document.body.append(dialog);
  window.htmx?.process(dialog);
  dialog.addEventListener("close", () => dialog.remove(), { once: true });
  show(dialog);
  start(dialog);
});
document.addEventListener("gx:made", (event) => {
  document.querySelector("dialog[open] form[data-quick]")?.closest("dialog").close();
  if (!asking?.isConnected) return;
  const hidden = asking.querySelector("input[type=hidden]"), several = asking.dataset.lookup.includes(",");
  asking.querySelector("[role=combobox]").value = event.detail.title;
  hidden.value = several ? `${event.detail.object}:${event.detail.id}` : event.detail.id;
  hidden.dispatchEvent(new Event("change", { bubbles: true }));
});

// Long texts can be looked at before they are saved.
function preview(text) {
  const tools = document.createElement("div"), button = document.createElement("button"), shown = document.createElement("div");
  tools.className = "gx-long-tools";
  Object.assign(button, { type: "button", className: "gx-link", textContent: zh ? "预览" : "Preview" });
  shown.className = "gx-preview gx-prose";
  shown.hidden = true;
  button.addEventListener("click", async () => {
    shown.hidden = !shown.hidden;
    text.hidden = !shown.hidden;
    button.textContent = shown.hidden ? (zh ? "预览" : "Preview") : zh ? "继续写" : "Write on";
    if (shown.hidden) return;
    const answer = await fetch(text.dataset.preview, { method: "POST", body: new URLSearchParams({ text: text.value }), headers: { "X-CSRF-Token": csrf(), "HX-Request": "true", "HX-Request-Type": "partial" } }).catch(() => null);
    if (answer?.ok) shown.innerHTML = await answer.text();
  });
  tools.append(button);
  text.after(shown, tools);
}

export function start(root) {
  for (const text of root.querySelectorAll("[data-grow]:not([data-grown])")) { text.dataset.grown = ""; if (text.value) grow(text); }
  for (const text of root.querySelectorAll("[data-preview]:not([data-ready])")) { text.dataset.ready = ""; preview(text); }
  const wrong = root.querySelector("[data-form] [aria-invalid=true], [data-form] .gx-error");
  if (wrong) (wrong.matches("[aria-invalid]") ? wrong : wrong.closest("[data-field]")?.querySelector("input, select, textarea") ?? wrong).focus();
  const step = root.querySelector(".gx-path [aria-current]"); // on a phone the path is longer than the screen
  if (step) step.parentElement.scrollLeft = step.offsetLeft - step.parentElement.offsetLeft - 24;
  if (location.hash === "#timeline") document.querySelector('[data-part="feed"]')?.click();
}
