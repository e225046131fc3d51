// Keeps the page as the conversation stands. Without it the page works too: lines are sent as a form, and the page is
// read again.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const messages = $("messages"), operations = $("operations"), input = $("line"), said = [];
  let back = 0;
  let own = false; // a line was said here: its card is kept in sight until the reader scrolls

  // warn says at the top of the page what is wrong, or that nothing is.
  const lost = $("lost").textContent;
  const warn = (text) => { $("lost").textContent = text; $("lost").hidden = !text; };

  // Times are shown in the reader's own zone.
  const localise = (node) => {
    for (const t of node.querySelectorAll("time[datetime]")) {
      const at = new Date(t.dateTime);
      if (!isNaN(at)) t.textContent = at.toLocaleTimeString(document.documentElement.lang);
    }
  };

  const parse = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html; // made and escaped by the bot's own templates
    return holder.content.firstElementChild;
  };

  // On a narrow page the operations stand below the conversation: its end is where the newest message ends.
  const atEnd = () => !messages.lastElementChild || messages.lastElementChild.getBoundingClientRect().bottom < innerHeight + 120;

  // put replaces what has the same name, or adds it; who has the focus inside keeps it.
  const put = (list, html, first) => {
    const fresh = parse(html), old = $(fresh.id);
    localise(fresh);
    if (!old) {
      first ? list.prepend(fresh) : list.append(fresh);
      return fresh;
    }
    const focused = old.contains(document.activeElement) ? document.activeElement.value : null;
    old.replaceWith(fresh);
    if (focused) fresh.querySelector(`button[value="${CSS.escape(focused)}"]`)?.focus();
    return fresh;
  };

  const listen = () => {
    const events = new EventSource("/events");
    events.onopen = () => warn("");
    events.onerror = () => warn(lost);
    events.addEventListener("card", (e) => {
      const follow = own || atEnd();
      const card = put(messages, e.data, false);
      $("welcome").hidden = true;
      if (card !== messages.lastElementChild) return;
      $("news").textContent = card.querySelector("h3").textContent;
      if (follow) card.scrollIntoView({ block: "end" });
    });
    events.addEventListener("operation", (e) => {
      put(operations, e.data, true);
      $("none").hidden = true;
    });
  };

  const say = async (line) => {
    const key = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
    const answer = await fetch("/say", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Rt-Client": "page" },
      body: JSON.stringify({ line, as: $("as")?.value ?? "", key }),
    });
    if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error ?? answer.statusText);
  };

  // fill sends the form, and says beside each field what is wrong with it.
  const fill = async (form) => {
    const body = new URLSearchParams(new FormData(form));
    if ($("as")) body.set("as", $("as").value);
    const answer = await fetch("/say", { method: "POST", headers: { Accept: "application/json" }, body });
    const said = await answer.json().catch(() => ({}));
    for (const wrong of form.querySelectorAll(".wrong")) {
      wrong.textContent = said.mistakes?.[wrong.id.slice("field.".length, -".wrong".length)] ?? "";
    }
    if (said.mistakes) return;
    if (!answer.ok) throw new Error(said.error ?? answer.statusText);
    form.reset();
    $("fill").open = false;
    input.focus();
  };
  $("fill")?.addEventListener("toggle", () => { if ($("fill").open) $("form").querySelector("select, input:not([type=hidden])").focus(); });
  $("fill")?.addEventListener("keydown", (e) => {
    if (e.key !== "Escape") return;
    $("fill").open = false;
    $("fill").querySelector("summary").focus();
  });

  document.addEventListener("submit", async (e) => {
    e.preventDefault();
    if (e.target.id === "form") {
      own = true;
      await fill(e.target).catch((problem) => warn(problem.message));
      return;
    }
    const line = e.submitter?.name === "line" ? e.submitter.value : input.value;
    own = true;
    try {
      await say(line);
      if (e.target.id === "say") {
        said.push(line);
        back = said.length;
        input.value = "";
      }
    } catch (problem) {
      warn(problem.message);
    }
  });

  // Up and down bring back what was said before.
  input.addEventListener("keydown", (e) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[e.key];
    if (!step || !said.length) return;
    e.preventDefault();
    back = Math.min(Math.max(back + step, 0), said.length);
    input.value = said[back] ?? "";
  });

  for (const moved of ["wheel", "touchmove"]) addEventListener(moved, () => { own = false; }, { passive: true });

  const remembered = sessionStorage.getItem("as");
  if (remembered && $("as")) $("as").value = remembered;
  $("as")?.addEventListener("change", () => sessionStorage.setItem("as", $("as").value));

  localise(document);
  if (!location.hash) messages.lastElementChild?.scrollIntoView({ block: "end" });
  listen();
})();
