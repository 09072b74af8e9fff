// A job's page while it is open: the stream that keeps it up to date, and what somebody types into its form.
// htmx puts the parts in place; this keeps typing from being lost or touched. The page works without it.
"use strict";

{
  const LOST_AFTER = 1500; // milliseconds without the stream, after which the page says so
  const AGAIN = 2000; // milliseconds before what did not reach the server is tried again
  const HIDDEN_LOOK = 20000; // milliseconds between looks at the job while nobody sees the page, which then has no stream
  const SETTLING = 800; // milliseconds in which the buttons of a new prompt cannot be pressed: a click was meant for the one before
  const byId = (id) => document.getElementById(id);
  const heard = (name, then) => document.addEventListener(name, ({ detail }) => then(detail));
  let written = 0; // counts what is typed
  let sent = 0; // as far as a request on its way goes
  let kept = 0; // as far as the server has it
  let answering = false;
  let lost = null;
  let fresh = false; // whether the prompt that stands there has only just come

  htmx.config.morphIgnore.push("open"); // what somebody has opened or closed stays so

  // ---- The stream: there, lost, there again

  function connected() {
    clearTimeout(lost);
    lost = null;
    byId("connection").hidden = true;
    if (kept < written) { save(); }
  }

  function disconnected() {
    lost ??= setTimeout(() => { byId("connection").hidden = false; }, LOST_AFTER);
  }

  const isLive = (element) => element?.id === "live";
  heard("htmx:sse:after:connection", connected);
  heard("htmx:sse:error", disconnected);
  heard("htmx:sse:before:connection", ({ connection }) => { if (connection.attempt > 0) { disconnected(); } });
  for (const name of ["htmx:error", "htmx:response:error"]) { // the first connection was refused: htmx tries only later ones again
    heard(name, ({ ctx }) => {
      if (!isLive(ctx?.sourceElement)) { return; }
      disconnected();
      setTimeout(() => htmx.trigger("#live", "again"), AGAIN);
    });
  }

  // ---- Drafts: saved while typing; what cannot be saved is said, and tried again

  function save() {
    const typing = byId("typing");
    if (typing) { htmx.trigger("#prompt", "change"); }
  }

  const isDraft = (ctx) => ctx?.sourceElement.id === "typing";
  document.addEventListener("input", ({ target }) => { if (target.form?.id === "decide") { written += 1; } });
  heard("htmx:before:request", ({ ctx }) => { if (isDraft(ctx)) { sent = written; } });
  heard("htmx:after:request", ({ ctx }) => { if (isDraft(ctx) && ctx.response.status < 400) { kept = sent; } });
  heard("htmx:error", ({ ctx }) => { if (isDraft(ctx)) { unsaved(); } });
  heard("htmx:response:error", ({ ctx }) => { if (isDraft(ctx)) { ctx.swap = "none"; unsaved(); } });

  function unsaved() {
    const said = byId("saved");
    if (said) { said.textContent = "Not saved yet: trying again. It stays here as long as this page is open."; }
    setTimeout(() => { if (kept < written) { save(); } }, AGAIN);
  }

  const LAST = "skill-fleet-last-letters"; // typed so shortly before the page is left that a reload would overtake it
  const unsavedForm = () => (kept < written && !answering ? byId("decide") : null);

  window.addEventListener("beforeunload", () => {
    const form = unsavedForm();
    if (!form) { return; }
    const fields = [...new FormData(form)].filter(([, value]) => typeof value === "string");
    sessionStorage.setItem(LAST, JSON.stringify([byId("prompt").dataset.prompt, fields]));
    navigator.sendBeacon(form.dataset.draft, new URLSearchParams(fields));
  });

  function restore([prompt, fields]) {
    if (prompt !== byId("prompt")?.dataset.prompt) { return; }
    for (const field of [...byId("decide").elements].filter((one) => one.matches("textarea, input:not([type=hidden])"))) {
      const given = fields.findIndex(([name, value]) => name === field.name && (isText(field) || value === field.value));
      if (isText(field)) { field.value = given < 0 ? "" : fields.splice(given, 1)[0][1]; } else { field.checked = given >= 0; }
    }
    written += 1;
  }

  const isText = (field) => !["checkbox", "radio"].includes(field.type);
  const last = sessionStorage.getItem(LAST);
  sessionStorage.removeItem(LAST);
  if (last) { restore(JSON.parse(last)); }

  // ---- Answers: one that did not arrive leaves the form as it is

  const isAnswer = (ctx) => ctx?.sourceElement.id === "decide";
  heard("htmx:before:request", ({ ctx }) => { if (isAnswer(ctx)) { answering = true; byId("unsent").replaceChildren(); } });
  heard("htmx:finally:request", ({ ctx }) => { if (isAnswer(ctx)) { answering = false; } });
  heard("htmx:error", ({ ctx }) => {
    const place = byId("unsent");
    if (!isAnswer(ctx) || ctx.response || !place) { return; }
    const words = document.createElement("p");
    words.className = "problem";
    words.textContent = "Not sent: the server could not be reached. What you typed is still here; send it again in a moment.";
    place.replaceChildren(words);
  });

  // ---- Another prompt: what was typed for the one before is kept and shown, and nobody types on into the new one

  async function keep(address, body) {
    for (let attempt = 0; attempt < 30; attempt += 1) {
      try {
        const response = await fetch(address, { method: "POST", body });
        if (response.ok) {
          await htmx.swap({ sourceElement: document.body, target: document.body, swap: "none", text: await response.text() });
        }
        return;
      } catch { await new Promise((resolve) => { setTimeout(resolve, AGAIN); }); }
    }
  }

  function replaced(prompt) {
    const form = unsavedForm();
    if (form) { keep(form.dataset.draft, new URLSearchParams(new FormData(form))); }
    kept = written;
    if (prompt.contains(document.activeElement)) { document.activeElement.blur(); byId("head-title").focus(); }
    fresh = true;
  }

  function settle() {
    fresh = false;
    const buttons = [...byId("prompt").querySelectorAll("button:enabled")];
    for (const button of buttons) { button.disabled = true; }
    setTimeout(() => { for (const button of buttons) { button.disabled = false; } }, SETTLING);
  }

  heard("htmx:before:swap", ({ tasks }) => {
    for (const task of [...tasks]) {
      if (task.target?.id === "job") { kept = written; }
      if (task.type !== "partial" || task.target?.id !== "prompt") { continue; }
      const next = task.fragment.getElementById("prompt");
      if (next?.dataset.prompt === task.target.dataset.prompt) { tasks.splice(tasks.indexOf(task), 1); } else { replaced(task.target); }
    }
  });

  // ---- The tab: a dot while something waits, also while nobody sees the page

  function title(waits) {
    document.title = `${waits ? "● " : ""}${byId("head").dataset.title} · Skill Fleet`;
  }

  heard("htmx:after:swap", ({ ctx }) => {
    if (!byId("head")) { return; }
    if (fresh) { settle(); }
    title(byId("prompt").dataset.prompt !== undefined);
    if (ctx.select === "#job" && document.activeElement === document.body) { byId("head-title").focus(); } // its button is gone
  });
  setInterval(async () => {
    if (!document.hidden || !byId("live")) { return; }
    try {
      const response = await fetch(`/api/v1/jobs/${byId("job").dataset.job}/status`);
      if (response.ok) { title((await response.json()).hitl_type !== null); }
    } catch { /* the server is away; the stream will say so when somebody looks */ }
  }, HIDDEN_LOOK);
}
