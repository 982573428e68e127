// The docs page: reads openapi.json with the visitor's token and lets every address be tried.
const ZH = {
  token: "令牌", load: "载入", find: "查找", send: "发送", body: "内容（JSON）", answers: "可能的回答",
  start: "粘贴令牌，页面会列出它能做的事。令牌只留在这个标签页里。",
  loading: "正在载入…", failed: "没能载入：", shown: "个地址",
};
const EN = {
  token: "Token", load: "Load", find: "Find", send: "Send", body: "Body (JSON)", answers: "Possible answers",
  start: "Paste a token: the page then shows what it may do. It stays in this tab only.",
  loading: "Loading…", failed: "Could not load: ", shown: "addresses",
};
const chinese = navigator.language.toLowerCase().startsWith("zh");
const words = chinese ? ZH : EN;
const base = location.pathname.replace(/\/docs\/?$/, "");
const by = (id) => document.getElementById(id);
let spec = null;

document.documentElement.lang = chinese ? "zh-CN" : "en";
for (const node of document.querySelectorAll("[data-text]")) node.textContent = words[node.dataset.text];

function make(name, props = {}, ...children) {
  const node = Object.assign(document.createElement(name), props);
  node.append(...children);
  return node;
}

function headers() {
  return { Authorization: `Bearer ${by("token").value.trim()}`, "Accept-Language": document.documentElement.lang };
}

function resolve(schema) {
  if (!schema || !schema.$ref) return schema || {};
  return schema.$ref.slice(2).split("/").reduce((node, part) => node[part], spec);
}

function sample(schema, depth = 0) {
  const known = resolve(schema);
  if (known.examples) return known.examples[0];
  if (known.enum) return known.enum[0];
  if (known.anyOf) return sample(known.anyOf[0], depth);
  const kind = Array.isArray(known.type) ? known.type[0] : known.type;
  if (kind === "array") return depth > 2 ? [] : [sample(known.items, depth + 1)];
  if (kind === "object") {
    const wanted = known.required || Object.keys(known.properties || {}).slice(0, 6);
    return Object.fromEntries(wanted.map((key) => [key, sample((known.properties || {})[key], depth + 1)]));
  }
  return { integer: 1, number: 1, boolean: true }[kind] ?? "";
}

function inputs(parameters, panel) {
  const grid = make("div", { className: "params" });
  for (const item of parameters) {
    const id = `p${Math.random().toString(36).slice(2)}`;
    const input = make("input", { id, placeholder: [].concat(item.schema.type || "").join(" | ") });
    Object.assign(input.dataset, { name: item.name, place: item.in });
    grid.append(make("label", { htmlFor: id, textContent: item.name + (item.required ? " *" : "") }), input);
  }
  if (parameters.length) panel.append(grid);
  return grid;
}

async function send(path, verb, grid, body, out) {
  let address = base + path;
  const query = new URLSearchParams();
  const sent = headers();
  for (const input of grid.querySelectorAll("input")) {
    const { name, place } = input.dataset;
    if (place === "path") address = address.replace(`{${name}}`, encodeURIComponent(input.value || "0"));
    else if (input.value && place === "header") sent[name] = input.value;
    else if (input.value) query.set(name, input.value);
  }
  if (body && body.value.trim()) sent["Content-Type"] = "application/json";
  const text = query.toString();
  const started = performance.now();
  const answer = await fetch(address + (text ? `?${text}` : ""), {
    method: verb, headers: sent, body: body && body.value.trim() ? body.value : undefined, credentials: "omit",
  });
  const raw = await answer.text();
  let shown = raw.slice(0, 200000);
  try { shown = JSON.stringify(JSON.parse(raw), null, 2); } catch { /* not JSON: shown as it is */ }
  const tag = answer.headers.get("ETag");
  out.textContent = `${answer.status} · ${Math.round(performance.now() - started)} ms${tag ? ` · ETag ${tag}` : ""}\n\n${shown}`;
}

function panel(path, verb, operation) {
  const inside = make("div", { className: "inside" });
  const grid = inputs(operation.parameters || [], inside);
  let body = null;
  const content = operation.requestBody && operation.requestBody.content["application/json"];
  if (content) {
    body = make("textarea", { spellcheck: false, value: JSON.stringify(sample(content.schema), null, 2) });
    body.setAttribute("aria-label", words.body);
    inside.append(body);
  }
  const out = make("pre", { textContent: `${words.answers}: ${Object.keys(operation.responses).join(", ")}`, tabIndex: 0 });
  const button = make("button", { type: "button", textContent: words.send });
  button.addEventListener("click", () => {
    send(path, verb, grid, body, out).catch((error) => { out.textContent = String(error); });
  });
  inside.append(make("div", {}, button), out);
  return inside;
}

function row(path, verb, operation) {
  const name = verb.toUpperCase();
  const head = make("summary", {}, make("b", { className: `verb ${name}`, textContent: name }),
    make("code", { textContent: path }), make("span", { textContent: operation.summary }));
  const details = make("details", {}, head);
  details.dataset.find = `${path} ${operation.summary} ${operation.tags.join(" ")}`.toLowerCase();
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(panel(path, name, operation));
  });
  return details;
}

function show() {
  const groups = new Map();
  for (const [path, verbs] of Object.entries(spec.paths)) {
    for (const [verb, operation] of Object.entries(verbs)) {
      const tag = operation.tags[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(row(path, verb, operation));
    }
  }
  const titles = Object.fromEntries((spec.tags || []).map((tag) => [tag.name, tag.description]));
  const list = [...groups].map(([tag, rows]) =>
    make("section", {}, make("h2", { textContent: titles[tag] ? `${titles[tag]} · ${tag}` : tag }), ...rows));
  by("list").replaceChildren(...list);
  by("note").textContent = `${document.querySelectorAll("details").length} ${words.shown}`;
}

async function load() {
  by("note").textContent = words.loading;
  const answer = await fetch(`${base}/openapi.json`, { headers: headers(), credentials: "omit" });
  const body = await answer.json();
  if (!answer.ok) {
    by("note").textContent = words.failed + body.detail;
    return;
  }
  sessionStorage.setItem("guanxi-token", by("token").value.trim());
  spec = body;
  show();
}

by("sign").addEventListener("submit", (event) => {
  event.preventDefault();
  load().catch((error) => { by("note").textContent = words.failed + error; });
});
by("find").addEventListener("input", (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  for (const node of document.querySelectorAll("details")) node.hidden = !node.dataset.find.includes(wanted);
  for (const node of document.querySelectorAll("section")) node.hidden = !node.querySelector("details:not([hidden])");
});
by("token").value = sessionStorage.getItem("guanxi-token") || "";
if (by("token").value) by("sign").requestSubmit();
