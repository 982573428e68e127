// A search box that narrows what is on the page already: settings by name, in either language.
export function start(root) {
  const boxes = root.querySelectorAll?.("input[data-narrow]") ?? [];
  for (const box of boxes) if (!box.dataset.ready) begin(box);
}

function begin(box) {
  box.dataset.ready = "1";
  const within = document.getElementById(box.dataset.narrow);
  const groups = [...within.querySelectorAll("[data-narrow-group]")];
  const nothing = within.querySelector("[data-narrow-none]");
  const look = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const group of groups) {
      let here = 0;
      for (const line of group.querySelectorAll("[data-words]")) {
        line.hidden = !words.every((word) => line.dataset.words.toLowerCase().includes(word));
        here += line.hidden ? 0 : 1;
      }
      group.hidden = !here;
      found += here;
    }
    if (nothing) nothing.hidden = found > 0;
  };
  box.addEventListener("input", look);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && box.value) { box.value = ""; look(); event.stopPropagation(); }
    if (event.key === "Enter") within.querySelector("[data-narrow-group]:not([hidden]) a[data-words]:not([hidden])")?.click();
  });
  look();
  const here = within.querySelector("[aria-current]");
  if (here && within.scrollHeight > within.clientHeight) here.scrollIntoView({ block: "nearest" });
}
