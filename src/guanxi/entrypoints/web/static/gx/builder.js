// The condition builder: nested groups of lines, a live estimate per line, or the condition as text.
import { post } from "./app.js";
import { start as startLookups } from "./select.js";
import { heed } from "./toast.js";

const HTMX = { "HX-Request": "true", "HX-Request-Type": "partial" };
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  node.append(...children);
  return node;
};

export function start(root) { // a builder inside a form writes its condition into a field of it
  for (const box of root.querySelectorAll("[data-builder][data-into]")) {
    open(box);
    const by = box.closest("form")?.elements[box.dataset.by]; // the object whose fields are offered
    by?.addEventListener("change", () => {
      const url = new URL(box.dataset.builder, location.href);
      url.searchParams.set("object", by.value);
      url.searchParams.set("condition", document.querySelector(box.dataset.into).value = "");
      box.dataset.builder = url;
      delete box.dataset.filled;
      open(box);
    });
  }
}

export async function open(box) {
  if (box.dataset.filled) return;
  box.dataset.filled = "1";
  const answer = await fetch(box.dataset.builder, { headers: HTMX }).catch(() => null);
  if (!answer?.ok) { delete box.dataset.filled; if (answer) heed(answer); return; }
  box.innerHTML = await answer.text();
  const builder = new Builder(box);
  if (box.builder) box.builder.gone = true; // drawn before, for another object: it hears clicks no more
  box.builder = builder;
}

class Builder {
  constructor(box) {
    this.box = box;
    this.data = JSON.parse(box.querySelector("[data-builder-data]").textContent);
    this.words = JSON.parse(box.querySelector("[data-words]").content.textContent);
    this.fields = new Map(this.data.fields.map((f) => [f.name, f]));
    this.groups = this.data.groups;
    this.text = null; // set while the condition is written as text
    this.timer = 0;
    this.asked = 0;
    this.find = (name) => box.querySelector(`[data-${name}]`);
    if (!this.parts(this.groups).length) this.parts(this.groups).push(this.blank());
    box.addEventListener("click", (event) => this.click(event));
    const area = this.find("expression").querySelector("textarea");
    area.addEventListener("input", () => { this.text = area.value; this.soon(); });
    this.draw();
    this.estimate();
  }

  parts(group) { return group.all ?? group.any; }

  blank() {
    const field = this.data.fields[0];
    return { field: field.name, op: field.operators[0][0], values: [] };
  }

  click(event) {
    if (this.gone) return;
    const on = (name) => event.target.closest(`[data-${name}]`);
    if (on("add-rule")) { this.parts(this.groups).push(this.blank()); this.draw(); }
    if (on("add-group")) { this.parts(this.groups).push({ [this.groups.all ? "any" : "all"]: [this.blank()] }); this.draw(); }
    if (on("clear")) { this.groups = { all: [this.blank()] }; if (this.text !== null) this.text = ""; this.show(); this.soon(); }
    if (on("mode")) this.turn();
    if (on("apply")) this.apply();
  }

  turn() {
    this.text = this.text === null ? this.lastText ?? this.data.text : null;
    this.show();
    this.estimate();
  }

  show() {
    const written = this.text !== null, area = this.find("expression").querySelector("textarea");
    this.find("rules").hidden = written;
    this.find("expression").hidden = !written;
    for (const name of ["add-rule", "add-group"]) this.find(name).hidden = written;
    this.find("mode").setAttribute("aria-pressed", String(written));
    if (written) area.value = this.text; else this.draw();
  }

  // --- drawing ---
  draw() {
    this.places = new Map();
    const rules = this.find("rules");
    rules.replaceChildren(...this.drawGroup(this.groups, "", null).childNodes);
  }

  drawGroup(group, place, parent) {
    const box = make("div", { class: "gx-rules" }), parts = this.parts(group), all = Boolean(group.all);
    const head = make("div", { class: "gx-row" });
    const seg = make("div", { class: "gx-seg", role: "group" });
    for (const [key, word] of [["all", this.words.and], ["any", this.words.or]]) {
      const button = make("button", { type: "button", "aria-pressed": String(all === (key === "all")) }, word);
      button.addEventListener("click", () => { delete group.all; delete group.any; group[key] = parts; this.draw(); this.soon(); });
      seg.append(button);
    }
    head.append(seg, make("span", { class: "gx-sub" }, all ? this.words.allof : this.words.anyof));
    if (parent) head.append(this.remover(parent, group));
    if (parent || parts.length > 1) box.append(head);
    parts.forEach((part, n) => {
      const at = place ? `${place}.${n}` : String(n);
      box.append(this.parts(part) ? this.drawGroup(part, at, parts) : this.drawLine(part, at, parts));
    });
    if (parent) {
      const add = make("button", { type: "button", class: "gx-btn gx-btn-ghost gx-btn-sm" }, `+ ${this.words.field}`);
      add.addEventListener("click", () => { parts.push(this.blank()); this.draw(); });
      box.append(make("div", {}, add));
    }
    return box;
  }

  remover(parts, part) {
    const button = make("button", { type: "button", class: "gx-btn gx-btn-icon gx-btn-ghost gx-btn-sm", title: this.words.remove, "aria-label": this.words.remove }, "×");
    button.addEventListener("click", () => { parts.splice(parts.indexOf(part), 1); if (!this.parts(this.groups).length) this.parts(this.groups).push(this.blank()); this.draw(); this.soon(); });
    return button;
  }

  drawLine(line, place, parts) {
    const box = make("div", { class: "gx-rule-line", "data-place": place });
    const approx = make("span", { class: "gx-approx", "data-approx": place });
    this.places.set(place, approx);
    if (line.text !== undefined && !line.field) {
      const code = make("input", { class: "gx-input gx-mono gx-rule-text", value: line.text, "aria-label": this.words.value });
      code.addEventListener("input", () => { line.text = code.value; this.soon(); });
      box.append(code, approx, this.remover(parts, line));
      return box;
    }
    const field = this.fields.get(line.field) ?? { name: line.field, label: line.field, operators: [[line.op, line.op, "many"]] };
    const which = this.select(this.words.field, [...this.fields.values()].map((f) => [f.name, f.label]), line.field);
    if (!this.fields.has(line.field)) which.append(make("option", { value: line.field, selected: true }, line.field));
    which.addEventListener("change", () => {
      const fresh = this.fields.get(which.value);
      Object.assign(line, { field: fresh.name, op: fresh.operators[0][0], values: [], shown: {} });
      this.draw();
      this.soon();
    });
    if (!field.operators.some(([name]) => name === line.op)) line.op = field.operators[0][0];
    const how = this.select(this.words.operator, field.operators.map(([name, label]) => [name, label]), line.op);
    how.addEventListener("change", () => {
      const before = this.takes(field, line.op);
      line.op = how.value;
      if (this.takes(field, line.op) !== before) line.values = [];
      this.draw();
      this.soon();
    });
    line.takes = this.takes(field, line.op);
    box.append(which, how, this.drawValue(field, line), approx, this.remover(parts, line));
    return box;
  }

  takes(field, op) { return field.operators.find(([name]) => name === op)?.[2] ?? "value"; }

  select(label, pairs, value) {
    return make("select", { class: "gx-input gx-input-sm", "aria-label": label }, ...pairs.map(([key, text]) => make("option", { value: key, selected: key === value }, text)));
  }

  drawValue(field, line) {
    const changed = (values) => { line.values = values; this.soon(); };
    if (line.takes === "nothing") return make("span");
    if (line.takes === "period") {
      const choice = this.select(this.words.value, this.data.periods, line.values[0]);
      if (!line.values.length) changed([choice.value]);
      choice.addEventListener("change", () => changed([choice.value]));
      return choice;
    }
    if (field.lookup) return this.drawLookup(field, line, changed);
    if (field.options && line.takes === "many") return this.drawPicks(field, line, changed);
    if (field.options && line.takes === "value") {
      const choice = this.select(this.words.value, [["", ""], ...field.options], String(line.values[0] ?? ""));
      choice.addEventListener("change", () => changed([choice.value]));
      return choice;
    }
    const kind = line.takes === "text" || line.takes === "many" || line.takes === "region" ? "text" : { date: "date", datetime: "date" }[field.type] ?? "text";
    const one = (n) => {
      const value = line.takes === "many" ? line.values.join(", ") : String(line.values[n] ?? "");
      const input = make("input", { class: "gx-input gx-input-sm", type: kind, value: kind === "date" ? value.slice(0, 10) : value, "aria-label": this.words.value, placeholder: line.takes === "region" ? this.words.region : line.takes === "many" ? this.words.separate : null });
      input.addEventListener("input", () => {
        if (line.takes === "many") changed(input.value.split(/[,，;；]/).map((v) => v.trim()).filter(Boolean));
        else { const values = [...line.values]; values[n] = input.value; changed(values); }
      });
      return input;
    };
    return line.takes === "two" ? make("span", { class: "gx-row" }, one(0), one(1)) : one(0);
  }

  drawPicks(field, line, changed) {
    const names = () => field.options.filter(([key]) => line.values.map(String).includes(key)).map(([, text]) => text).join("、") || " ";
    const box = make("details", { class: "gx-picks" }), head = make("summary", { class: "gx-input gx-input-sm gx-cut" }, names());
    const list = make("div", { class: "gx-picks-list" });
    for (const [key, text] of field.options) {
      const tick = make("input", { type: "checkbox", class: "gx-tick", checked: line.values.map(String).includes(key) });
      tick.addEventListener("change", () => { changed(tick.checked ? [...line.values.map(String), key] : line.values.map(String).filter((v) => v !== key)); head.textContent = names(); });
      list.append(make("label", { class: "gx-check" }, tick, make("span", {}, text)));
    }
    box.append(head, list);
    return box;
  }

  drawLookup(field, line, changed) {
    const value = String(line.values[0] ?? "");
    const hidden = make("input", { type: "hidden", value });
    const input = make("input", { class: "gx-input gx-input-sm", type: "text", role: "combobox", "aria-expanded": "false", autocomplete: "off", value: line.shown?.[value] ?? "", placeholder: this.words.type, "aria-label": this.words.value });
    const box = make("div", { class: "gx-combo", "data-lookup": field.lookup }, input, hidden);
    hidden.addEventListener("change", () => { line.shown = { [hidden.value]: input.value }; changed(hidden.value ? [hidden.value] : []); });
    queueMicrotask(() => startLookups(box.parentElement ?? box));
    return box;
  }

  // --- asking ---
  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.estimate(), 250);
  }

  async estimate() {
    const mine = ++this.asked;
    const fields = { groups: JSON.stringify(this.groups), query: this.data.query, page: this.box.dataset.page };
    if (this.text !== null) Object.assign(fields, { mode: "text", text: this.text });
    const answer = await post(this.box.dataset.estimate, fields).catch(() => null);
    if (mine !== this.asked || !answer) return null;
    if (!answer.ok) { heed(answer); return null; }
    const found = await answer.json();
    this.say(found);
    return found;
  }

  say(found) {
    const shown = ([n, more], sure) => `${sure ? "" : "≈ "}${n.toLocaleString()}${more ? "+" : ""}`;
    for (const [place, node] of this.places) {
      const fault = found.errors[place], line = found.lines[place];
      node.textContent = fault ? "!" : line ? shown(line) : "";
      node.title = fault?.text ?? "";
      node.classList.toggle("gx-red", Boolean(fault));
      node.closest(".gx-rule-line")?.querySelectorAll("input, select").forEach((n) => n.setAttribute("aria-invalid", String(Boolean(fault))));
    }
    const first = Object.values(found.errors)[0], total = this.find("total"), excerpt = this.find("excerpt");
    total.textContent = first ? first.text : found.total ? `${this.words.match} → ${shown(found.total, true)}` : "";
    total.classList.toggle("gx-red", Boolean(first));
    excerpt.hidden = !(this.text !== null && first?.excerpt);
    excerpt.textContent = first?.excerpt ?? "";
    if (!first) this.lastText = found.text;
    const into = this.box.dataset.into && document.querySelector(this.box.dataset.into);
    if (into && !first && into.value !== found.text) { into.value = found.text; into.dispatchEvent(new Event("change", { bubbles: true })); }
    if (!first && this.text !== null) { this.groups = found.groups; if (!this.parts(this.groups).length) this.parts(this.groups).push(this.blank()); }
  }

  async apply() {
    clearTimeout(this.timer);
    const found = await this.estimate();
    if (found?.url) location.href = found.url;
  }
}
