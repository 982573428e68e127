// One event stream a page: named events become DOM events `gx:<name>`; `notifications` sets the bell.
const user = document.body.dataset.user;
let stream = null;

function listen() {
  if (!user || stream || document.hidden) return;
  stream = new EventSource("/events");
  const pass = (event) => {
    let detail = event.data;
    try { detail = JSON.parse(event.data); } catch { /* plain text is fine too */ }
    document.dispatchEvent(new CustomEvent(`gx:${event.type}`, { detail }));
  };
  for (const name of ["notifications", "changed", "toast", "progress"]) stream.addEventListener(name, pass);
  stream.onerror = () => { // the browser tries again by itself, unless the server said no
    if (stream?.readyState === EventSource.CLOSED) stream = null;
  };
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) { stream?.close(); stream = null; } else listen();
});
addEventListener("pagehide", () => { stream?.close(); stream = null; });
document.addEventListener("gx:notifications", (event) => {
  const count = Number(event.detail?.unread ?? event.detail);
  document.querySelectorAll('[data-live="notifications"]').forEach((node) => { node.hidden = !count; node.textContent = count; });
});
setTimeout(listen, 1500);
