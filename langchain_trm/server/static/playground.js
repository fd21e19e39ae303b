"use strict";
/* The page's state is the conversation in OpenAI's form and, for each assistant message, its decision record.
   Texts enter the page as text nodes only. */

const state = { tools: [], results: {}, suggestions: [], messages: [], decisions: {}, chosen: null, busy: false };
const $ = (id) => document.getElementById(id);

/* What the server answers to a body, or, without one, to a plain request. */
async function ask(path, body) {
  const headers = $("key").value ? { authorization: `Bearer ${$("key").value}` } : {};
  const request = body === undefined ? { headers }
    : { method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) };
  let answer;
  try {
    answer = await fetch(path, request);
  } catch {
    throw new Error("The server cannot be reached. Is it still running?");
  }
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(data.error ? data.error.message : `The server answered ${answer.status}.`);
  return data;
}

/* Deciding */

function settings() {
  const number = (id) => ($(id).value === "" ? null : Number($(id).value));
  return {
    min_confidence: number("min-confidence"),
    min_call_confidence: number("min-call-confidence"),
    confirm: $("confirm").value,
    now: $("now").value || localNow(),
    hand_over: false,
  };
}

async function decide(before = null) {
  const asked = settings();
  state.busy = true;
  $("error").textContent = "";
  render();
  try {
    const model = await modelName();
    const data = await ask("v1/chat/completions", {
      model, messages: state.messages, tools: state.tools, trm: asked,
    });
    const message = data.choices[0].message;
    const kept = { role: "assistant", content: message.content };
    if (message.tool_calls) kept.tool_calls = message.tool_calls;
    state.chosen = state.messages.length;
    state.decisions[state.chosen] = { ...data.trm, before, now: asked.now };
    state.messages.push(kept);
    $("status").textContent = `${summary(data.trm.decision)}, ${sureness(data.trm.decision)}. ${message.content || ""}`;
  } catch (error) {
    $("error").textContent = error.message;
  }
  state.busy = false;
  render();
  const editing = $("side").contains(document.activeElement); // a tool, say: the focus stays there
  if (!editing) (document.querySelector(".results textarea") || $("text")).focus();
}

let served = null;
async function modelName() {
  if (served === null) served = (await ask("v1/models")).data[0].id;
  return served;
}

function lastDecision() {
  const places = Object.keys(state.decisions).map(Number);
  return places.length ? Math.max(...places) : null;
}

const undecided = () => state.messages.length > 0 && state.messages.at(-1).role !== "assistant";

function decideAgain() {
  if (state.busy) return;
  if (undecided()) { // the last try failed
    decide();
    return;
  }
  const place = lastDecision();
  if (place === null) return;
  const { decision } = state.decisions[place];
  const said = state.messages[place].content;
  cut(place);
  decide({ text: summary(decision), confidence: decision.confidence, said });
}

function cut(place) {
  state.messages.length = place;
  for (const key of Object.keys(state.decisions)) if (Number(key) >= place) delete state.decisions[key];
  state.chosen = lastDecision();
}

/* The conversation */

function render() {
  document.body.classList.toggle("busy", state.busy);
  const parts = state.messages.map((message, place) => {
    if (message.role === "user") return h("div", { class: "message user" }, ...marked(message.content, place));
    if (message.role === "tool") {
      return h("div", { class: "message tool-result" }, "Result: ", ...marked(message.content, place));
    }
    return card(message, place);
  });
  $("log").replaceChildren(...(parts.length ? parts : [welcome()]));
  $("log").scrollTop = $("log").scrollHeight;
  const none = !state.messages.length || state.busy;
  for (const id of ["back", "fresh"]) $(id).disabled = none;
  $("again").disabled = none || !(undecided() || lastDecision() !== null);
  for (const id of ["samples", "test"]) $(id).disabled = state.busy || lastDecision() === null;
  $("send").disabled = state.busy;
}

function welcome() {
  const buttons = state.suggestions.map((text) =>
    h("button", { type: "button", class: "quiet", onclick: () => say(text) }, text));
  return h("div", { class: "empty" }, 
    h("p", {}, `Say something${buttons.length ? ", or begin with one of these:" : " that a user of your tools would say."}`),
    ...buttons);
}

function card(message, place) {
  const { decision: record, handed_over: over, before } = state.decisions[place];
  const calls = message.tool_calls || [];
  const choose = () => {
    if (state.chosen === place) return;
    state.chosen = place;
    for (const other of document.querySelectorAll(".decision")) other.classList.toggle("chosen", other === node);
    document.querySelectorAll(".message").forEach((bubble, index) => {
      const spot = state.messages.map((m, i) => (m.role === "assistant" ? -1 : i)).filter((i) => i >= 0)[index];
      const lead = state.messages[spot].role === "tool" ? ["Result: "] : [];
      bubble.replaceChildren(...lead, ...marked(state.messages[spot].content, spot));
    });
  };
  const title = calls.length ? `Call ${calls.map((call) => call.function.name).join(", ")}` : answerTitle(record);
  const node = h("article", { class: place === state.chosen ? "decision chosen" : "decision", onfocusin: choose,
    onclick: choose, "aria-label": title },
    h("div", { class: "head" },
      h("span", { class: calls.length ? "what call" : "what" }, title),
      h("span", { class: "sure" }, sureness(record))),
    message.content ? h("p", { class: "said" }, message.content) : null,
    values(record),
    over ? h("p", { class: "over" }, overText(over, record)) : null,
    before ? h("p", { class: "changed" }, change(before, record, message.content)) : null,
    why(record, place),
    calls.length && place === state.messages.length - 1 && !state.busy ? results(calls) : null);
  return node;
}

function results(calls) {
  const fields = calls.map((call, index) => {
    const id = `result-${index}`;
    const known = state.results[call.function.name];
    const text = JSON.stringify(known === undefined ? { status: "ok" } : known);
    const field = h("textarea", { id, class: "code", rows: Math.min(4, 1 + Math.floor(text.length / 60)), spellcheck: "false" });
    field.value = text;
    field.addEventListener("keydown", sendOnEnter);
    return [h("label", { for: id }, `What ${call.function.name} returns`), field];
  });
  const form = h("form", { class: "results" }, ...fields.flat(),
    h("div", { class: "row" }, h("button", { type: "submit" }, "Return this")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (state.busy) return;
    calls.forEach((call, index) => state.messages.push(
      { role: "tool", tool_call_id: call.id, content: form.querySelector(`#result-${index}`).value }));
    decide();
  });
  return form;
}

function sendOnEnter(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  event.target.form.requestSubmit();
}

function say(text) {
  if (!text.trim() || state.busy) return;
  state.messages.push({ role: "user", content: text.trim() });
  $("text").value = "";
  grow();
  decide();
}

function grow() {
  $("text").style.height = "auto";
  $("text").style.height = `${$("text").scrollHeight + 2}px`;
}

/* Tools */

function renderTools() {
  $("tools").replaceChildren(...state.tools.map((tool, index) => {
    const body = tool.function;
    const parameters = Object.entries((body.parameters || {}).properties || {});
    const required = (body.parameters || {}).required || [];
    const area = (id, label, holder, rows) => {
      const field = h("textarea", { id, rows });
      field.value = holder.description || "";
      field.addEventListener("change", () => { holder.description = field.value; decideAgain(); });
      return [h("label", { for: id }, label), field];
    };
    return h("details", { class: "tool" },
      h("summary", {}, h("code", {}, body.name)),
      h("div", {},
        ...area(`tool-${index}`, "Description", body, 2),
        ...parameters.flatMap(([name, spec], at) =>
          area(`tool-${index}-${at}`, `${name}${required.includes(name) ? "" : " (optional)"}`, spec, 1)),
        h("div", { class: "row" }, h("button", { type: "button", class: "quiet", onclick: () => {
          state.tools.splice(index, 1);
          renderTools();
          decideAgain();
        } }, "Remove"))));
  }));
  $("toggle").textContent = document.body.classList.contains("side-open") ? "Back" : `Tools (${state.tools.length})`;
}

async function addTools(text, replace) {
  $("paste-error").textContent = "";
  try {
    const { tools } = await ask("playground/tools", { text });
    const names = new Set(tools.map((tool) => tool.function.name));
    state.tools = [...(replace ? [] : state.tools.filter((tool) => !names.has(tool.function.name))), ...tools];
    $("pasted").value = "";
    $("adding").open = false;
    $("adding").querySelector("summary").focus();
    state.suggestions = replace ? [] : state.suggestions;
    renderTools();
    if (lastDecision() === null) render();
    decideAgain();
  } catch (error) {
    $("paste-error").textContent = error.message;
  }
}

/* Writing down */

function localNow() {
  const now = new Date();
  return new Date(now.getTime() - 60000 * now.getTimezoneOffset()).toISOString().slice(0, 19);
}

async function writeDown(format) {
  $("error").textContent = "";
  const each = (key) => Object.fromEntries(Object.entries(state.decisions).map(([at, kept]) => [at, kept[key]]));
  try {
    const { text } = await ask("playground/export", {
      format, tools: state.tools, messages: state.messages, decisions: each("decision"), moments: each("now"),
      confirm: $("confirm").value,
    });
    const file = format === "samples" ? "samples.jsonl" : "test_conversation.py";
    $("export-title").textContent = file;
    $("exported").value = text;
    $("copy").textContent = "Copy";
    $("download").download = file;
    $("download").href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    $("export").showModal();
    $("exported").setSelectionRange(0, 0);
    $("exported").scrollTop = 0;
  } catch (error) {
    $("error").textContent = error.message;
  }
}

async function start() {
  $("say").addEventListener("submit", (event) => { event.preventDefault(); say($("text").value); });
  $("text").addEventListener("keydown", sendOnEnter);
  $("text").addEventListener("input", grow);
  $("again").addEventListener("click", decideAgain);
  $("fresh").addEventListener("click", () => { cut(0); opened.clear(); render(); $("text").focus(); });
  $("back").addEventListener("click", () => {
    const place = state.messages.map((message) => message.role).lastIndexOf("user");
    $("text").value = state.messages[place].content;
    cut(place);
    render();
    grow();
    $("text").focus();
  });
  $("samples").addEventListener("click", () => writeDown("samples"));
  $("test").addEventListener("click", () => writeDown("test"));
  $("close").addEventListener("click", () => $("export").close());
  $("copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText($("exported").value);
      $("copy").textContent = "Copied";
    } catch {
      $("exported").select();
    }
  });
  $("paste").addEventListener("submit", (event) => {
    event.preventDefault();
    addTools($("pasted").value, event.submitter && event.submitter.value === "replace");
  });
  $("file").addEventListener("change", async () => {
    if ($("file").files[0]) addTools(await $("file").files[0].text(), false);
    $("file").value = "";
  });
  for (const id of ["min-confidence", "min-call-confidence", "confirm", "now"]) {
    $(id).addEventListener("change", decideAgain);
  }
  $("toggle").addEventListener("click", () => {
    const open = document.body.classList.toggle("side-open");
    $("toggle").setAttribute("aria-expanded", String(open));
    renderTools();
  });
  const example = await (await fetch("static/example.json")).json();
  Object.assign(state, { tools: example.tools, results: example.results, suggestions: example.suggestions });
  renderTools();
  render();
  if (location.hash.startsWith("#say=")) say(decodeURIComponent(location.hash.slice(5)));
}

start();
