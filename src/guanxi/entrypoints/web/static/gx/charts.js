// Charts: ECharts is loaded only when one is on the page; "var:name" in an option is a theme colour.
const made = new Map();
let library = null;
const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);

function colour(name) { // custom properties hold light-dark(): let the browser resolve it
  probe.style.color = `var(--gx-${name})`;
  return getComputedStyle(probe).color;
}

function paint(value) {
  if (Array.isArray(value)) return value.map(paint);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, paint(v)]));
  return typeof value === "string" && value.startsWith("var:") ? colour(value.slice(4)) : value;
}

function common() {
  const text = colour("text-2"), line = colour("line"), font = getComputedStyle(document.body).fontFamily;
  const axis = { axisLine: { lineStyle: { color: colour("line-s") } }, axisTick: { show: false }, axisLabel: { color: text, fontSize: 11 }, splitLine: { lineStyle: { color: line } }, nameTextStyle: { color: text } };
  return {
    color: ["s5", "s3", "amber-dot", "green-dot", "red-dot", "line-2"].map(colour),
    textStyle: { fontFamily: font, color: text, fontSize: 12 },
    axis,
    base: { animationDuration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 240, grid: { left: 8, right: 16, top: 24, bottom: 8, containLabel: true }, tooltip: { renderMode: "richText", confine: true, backgroundColor: colour("raised"), borderColor: line, textStyle: { color: colour("text"), fontSize: 12 } }, aria: { enabled: true } },
  };
}

function draw(node) {
  const given = paint(JSON.parse(document.getElementById(node.dataset.chart).textContent));
  const { color, textStyle, axis, base } = common();
  const option = { ...base, color, textStyle, ...given };
  if (given.tooltip) option.tooltip = { ...base.tooltip, ...given.tooltip, renderMode: "richText" };
  if (given.grid) option.grid = { ...base.grid, ...given.grid };
  for (const name of ["xAxis", "yAxis"]) {
    if (!given[name]) continue;
    const dress = (a) => ({ ...axis, ...a, axisLabel: { ...axis.axisLabel, ...a.axisLabel }, splitLine: { ...axis.splitLine, ...a.splitLine } });
    option[name] = Array.isArray(given[name]) ? given[name].map(dress) : dress(given[name]);
  }
  made.get(node)?.dispose();
  const chart = library.init(node, null, { renderer: "svg" });
  chart.setOption(option);
  chart.on("click", (event) => { if (event.data?.url) location.href = event.data.url; });
  chart.on("click", (event) => node.dispatchEvent(new CustomEvent("gx:point", { bubbles: true, detail: { name: event.name, value: event.value, data: event.data } })));
  made.set(node, chart);
}

export async function start(root) {
  library ??= await import("../vendor/echarts.mjs");
  const fresh = [...root.querySelectorAll("[data-chart]")].filter((node) => !made.has(node));
  for (const node of fresh) { draw(node); sized.observe(node); }
  for (const [node, chart] of made) if (!node.isConnected) { chart.dispose(); made.delete(node); }
}

const sized = new ResizeObserver((entries) => { for (const { target } of entries) made.get(target)?.resize(); });
document.addEventListener("gx:theme", () => requestAnimationFrame(() => { for (const node of made.keys()) draw(node); }));
