// Pages come from the network first; without one, the kept page says so. Assets live in the browser's own cache.
const KEPT = FILES; // filled in by the server, with the version in each address
const NAME = `guanxi-${KEPT[1]}`;

addEventListener("install", (event) => event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(KEPT)).then(() => skipWaiting())));
addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name !== NAME) await caches.delete(name);
  await clients.claim();
})()));
addEventListener("fetch", (event) => {
  if (event.request.mode === "navigate" && event.request.method === "GET") {
    event.respondWith(fetch(event.request).catch(() => caches.match("/offline")));
  } else if (KEPT.includes(new URL(event.request.url).pathname) && !navigator.onLine) {
    event.respondWith(caches.match(event.request.url).then((kept) => kept ?? fetch(event.request)));
  }
});
