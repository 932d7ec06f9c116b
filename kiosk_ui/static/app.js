// The tablet's own script: scanner keys, live stream, a steady list. No inline code, no eval.
"use strict";
(() => {
  const BURST_MS = 50; // a wedge scanner types faster than this per key; nobody else does
  const BURST_MIN = 6; // shorter bursts are a hand brushing the keys
  const SILENT_MS = 25000; // the box beats every 10 s
  const GUARD_MS = 300; // a tap this soon after rows moved was aimed at what stood there before
  const HELD_MAX = 40; // pushes kept while a finger is down; beyond that ask for the full state
  const RETRY_MS = 2000; // how often the offline page asks whether the box is back
  const $ = (id) => document.getElementById(id);
  let heard = performance.now();
  const moved = { people: -GUARD_MS, arrival: -GUARD_MS };
  let finger = false;
  let held = [];

  // --- live stream -------------------------------------------------------------------------
  const say = (alive) => {
    document.body.classList.toggle("is-lost", !alive);
    if ($("lost")) $("lost").hidden = alive;
  };
  const rebuild = () => {
    const live = $("live");
    if (!live || !live.hasAttribute("sse-connect")) return;
    heard = performance.now();
    htmx.swap(live, live.outerHTML, { swapStyle: "outerHTML" });
  };
  const release = () => {
    finger = false;
    const waiting = held;
    held = [];
    if (waiting.length > HELD_MAX) rebuild();
    else for (const html of waiting) put(fitting(html) ?? html);
  };
  const put = (html) => htmx.swap(document.querySelector("[sse-swap]") || document.body, html, { swapStyle: "none" });
  // A push for a panel that was closed meanwhile is no error: leave out what has no place any more.
  const fitting = (html) => {
    const box = document.createElement("template");
    box.innerHTML = html;
    const homeless = [...box.content.querySelectorAll("[hx-swap-oob]")].filter((part) => !$(part.id));
    for (const part of homeless) part.remove();
    return homeless.length ? box.innerHTML : null;
  };
  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    heard = performance.now();
    say(true);
    if (finger) {
      event.preventDefault();
      held.push(event.detail.data);
      return;
    }
    const rest = fitting(event.detail.data);
    if (rest === null) return;
    event.preventDefault();
    put(rest);
  });
  document.addEventListener("htmx:sseError", () => say(false));
  setInterval(() => {
    if ($("live")?.hasAttribute("sse-connect") && performance.now() - heard > SILENT_MS) { say(false); rebuild(); }
  }, 5000);
  // A page that is left ends its stream itself: what the browser cuts off is reported as an error.
  let source = null;
  htmx.createEventSource = (url) => (source = new EventSource(url));
  window.addEventListener("pagehide", () => source?.close());
  document.addEventListener("submit", (event) => { if (!event.defaultPrevented) source?.close(); });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") rebuild(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) rebuild(); });

  // --- a steady list: nothing shifts under a finger, focus or the open customer ------------------
  document.addEventListener("pointerdown", () => { finger = true; }, true);
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => setTimeout(release, 60), true);
  document.addEventListener("click", (event) => {
    const parts = ["#people, #arrival", ".offers"].map((which) => event.target.closest?.(which)?.id);
    if (parts.some((part) => performance.now() - moved[part] < GUARD_MS)) { event.preventDefault(); event.stopPropagation(); }
  }, true);

  const mark = () => {
    for (const row of document.querySelectorAll(".person")) {
      if (row.pathname === location.pathname) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  };
  const visible = (row, box) => row && row.offsetTop + row.offsetHeight > box.scrollTop && row.offsetTop < box.scrollTop + box.clientHeight;
  const anchorOf = (people, box) => {
    const rows = [...people.querySelectorAll(".person")];
    return [document.activeElement, people.querySelector("[aria-current]"), box.scrollTop > 0 && rows.find((row) => visible(row, box))]
      .find((row) => row && rows.includes(row) && visible(row, box));
  };
  // Rows that did not change stay the same nodes: sixty people cost no more than the one who came.
  const merge = (people, incoming) => {
    const old = new Map([...people.querySelectorAll("li[id]")].map((row) => [row.id, row]));
    const fresh = [];
    for (const row of incoming.querySelectorAll("li[id]")) {
      const kept = old.get(row.id);
      if (!kept) fresh.push(row);
      else if (kept.dataset.v && kept.dataset.v === row.dataset.v) row.replaceWith(kept);
    }
    people.replaceChildren(...incoming.childNodes);
    people.dataset.v = incoming.dataset.v;
    htmx.process(people);
    return fresh;
  };
  const update = (people, incoming) => {
    const order = () => [...people.querySelectorAll("li[id]")].map((row) => row.id).join();
    const box = people.parentElement;
    const focused = people.contains(document.activeElement) && document.activeElement.id;
    const anchor = anchorOf(people, box);
    const offset = anchor ? anchor.offsetTop - box.scrollTop : 0;
    const before = order();
    const fresh = merge(people, incoming);
    for (const row of fresh) row.classList.add("arrived");
    if (focused) $(focused)?.focus({ preventScroll: true });
    mark();
    const kept = anchor && $(anchor.id);
    if (kept) {
      const wanted = kept.offsetTop - offset;
      if (wanted > 0) people.style.minHeight = `${wanted + box.clientHeight - people.offsetTop}px`;
      box.scrollTop = wanted;
      if (fresh.some((row) => row.offsetTop < box.scrollTop)) $("above").hidden = false;
    } else if (before !== order()) moved.people = performance.now();
  };
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    const incoming = fragment.firstElementChild;
    const same = target.dataset.v && incoming?.dataset.v === target.dataset.v;
    if (same || target.id === "people") event.detail.shouldSwap = false;
    if (!same && target.id === "people") update(target, incoming);
    if (!same && target.id === "arrival") greet(target, incoming);
    if (!same && target.classList.contains("offers")) moved[target.id] = performance.now();
  });
  // Somebody new in the panel: shown calmly, told to a screen reader once, not yet under a finger.
  const greet = (target, incoming) => {
    const { customer, news } = incoming.dataset;
    if (customer === target.dataset.customer) return;
    moved.arrival = performance.now();
    if (!customer) return;
    incoming.classList.add("appears");
    $("news").textContent = news;
    $("panel").scrollTop = 0;
  };
  document.addEventListener("scroll", (event) => {
    if ($("above") && event.target.classList?.contains("scroll") && event.target.scrollTop < 8) $("above").hidden = true;
  }, true);

  // --- the panel -------------------------------------------------------------------------------
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id !== "panel") return;
    // Not out-of-band: the row that asked may have been replaced meanwhile, and htmx then finds no target.
    const url = event.detail.target.querySelector("[data-live]")?.dataset.live;
    if (url && $("live")?.hasAttribute("sse-connect") && $("live").getAttribute("sse-connect") !== url) {
      $("live").setAttribute("sse-connect", url);
      rebuild();
    }
    const title = event.detail.target.querySelector("[data-title]");
    if (title) document.title = title.dataset.title;
    event.detail.target.scrollTop = 0;
    if ($("hits")?.firstElementChild) { $("q").value = ""; $("hits").replaceChildren(); }
    fold();
  });
  document.addEventListener("htmx:pushedIntoHistory", mark);
  document.addEventListener("htmx:responseError", () => { $("toast").hidden = false; setTimeout(() => { $("toast").hidden = true; }, 6000); });
  const fold = (flip) => {
    const on = (sessionStorage.getItem("fold") === "1") !== Boolean(flip);
    sessionStorage.setItem("fold", on ? "1" : "0");
    document.body.classList.toggle("is-folded", on);
    for (const button of document.querySelectorAll("[data-act=fold]")) button.setAttribute("aria-pressed", String(on));
  };
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-act=fold]")) fold(true);
    if (event.target.closest("#above")) $("people").parentElement.scrollTo({ top: 0, behavior: "smooth" });
  });
  document.addEventListener("change", (event) => { if (event.target.dataset.then) $(event.target.dataset.then).focus(); });

  // --- scanner that types (keyboard wedge) ------------------------------------------------------
  let burst = "";
  let last = 0;
  let typed = null; // what the search field held before the burst
  const scan = (data) => {
    const form = $("scan");
    if (!form) return;
    if ($("panel")) htmx.ajax("POST", "/scan", { values: { data }, target: "#panel", swap: "innerHTML" });
    else { form.elements.data.value = data; form.submit(); }
  };
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (field && field.id !== "q") return;
    const quick = event.timeStamp - last < BURST_MS;
    last = event.timeStamp;
    if (event.key === "Enter") {
      if (quick && burst.length >= BURST_MIN) {
        event.preventDefault();
        event.stopPropagation();
        if (field) { field.value = typed; htmx.trigger(field, "search"); }
        scan(burst);
      }
      burst = "";
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) {
      if (!quick) { burst = ""; typed = field ? field.value : null; }
      if (!field && burst) event.preventDefault(); // a space within a scan must not press a button
      burst += event.key;
    }
  }, true);

  mark();
  fold();
  // The kept page stands in for another one: go there as soon as the box answers again.
  if (document.querySelector("[data-retry]") && location.pathname !== "/offline") {
    setInterval(() => fetch("/manifest.webmanifest", { cache: "no-store" }).then((box) => box.ok && location.reload()).catch(() => {}), RETRY_MS);
  }
  if ("serviceWorker" in navigator && window.isSecureContext) navigator.serviceWorker.register("/sw.js").catch(() => {});
})();
