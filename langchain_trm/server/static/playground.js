"use strict";
/* The page's state is the conversation in OpenAI's form and, for each assistant message, its decision record.
   Texts enter the page as text nodes only. */

const COLOURS = 6;
const SHOWN_TOOLS = 8;
const state = { tools: [], results: {}, suggestions: [], messages: [], decisions: {}, chosen: null, busy: false };
const $ = (id) => document.getElementById(id);

function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

const percent = (share) => (share > 0.999 && share < 1 ? "> 99.9 %"
  : `${(100 * share).toFixed(share > 0.995 && share < 1 ? 1 : 0)} %`);
const plain = (value) => (typeof value === "string" ? value : JSON.stringify(value));
const words = (name) => name.replaceAll("_", " ");

async function ask(path, body) {
  const headers = { "content-type": "application/json" };
  if ($("key").value) headers.authorization = `Bearer ${$("key").value}`;
  let answer;
  try {
    answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
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
  const out = {
    min_confidence: number("min-confidence"),
    min_call_confidence: number("min-call-confidence"),
    confirm: $("confirm").value,
    hand_over: false,
  };
  if ($("now").value) out.now = $("now").value;
  return out;
}

async function decide(before = null) {
  state.busy = true;
  $("error").textContent = "";
  render();
  try {
    const model = await modelName();
    const data = await ask("v1/chat/completions", {
      model, messages: state.messages, tools: state.tools, trm: settings(),
    });
    const message = data.choices[0].message;
    const kept = { role: "assistant", content: message.content };
    if (message.tool_calls) kept.tool_calls = message.tool_calls;
    state.chosen = state.messages.length;
    state.decisions[state.chosen] = { ...data.trm, before };
    state.messages.push(kept);
    $("status").textContent = `${summary(data.trm.decision)}, ${sureness(data.trm.decision)}. ${message.content || ""}`;
  } catch (error) {
    $("error").textContent = error.message;
  }
  state.busy = false;
  render();
  const field = document.querySelector(".results textarea");
  (field || $("text")).focus();
}

let served = null;
async function modelName() {
  if (served === null) {
    const headers = $("key").value ? { authorization: `Bearer ${$("key").value}` } : {};
    const answer = await fetch("v1/models", { headers });
    const data = await answer.json();
    if (!answer.ok) throw new Error(data.error.message);
    served = data.data[0].id;
  }
  return served;
}

function lastDecision() {
  const places = Object.keys(state.decisions).map(Number);
  return places.length ? Math.max(...places) : null;
}

function decideAgain() {
  const place = lastDecision();
  if (place === null || state.busy) return;
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

function summary(record) {
  if (record.decision !== "tool_call") {
    const about = record.intended_tool ? ` about ${record.intended_tool}` : "";
    return record.missing.length ? `ask for ${words(record.missing[0])}` : `answer${about}`;
  }
  return record.calls.map((call) => `${call.tool}(${Object.entries(call.arguments)
    .map(([name, value]) => `${name}=${plain(value)}`).join(", ")})`).join(", ");
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
  for (const id of ["again", "samples", "test"]) $(id).disabled = state.busy || lastDecision() === null;
  $("send").disabled = state.busy;
}

function welcome() {
  const buttons = state.suggestions.map((text) =>
    h("button", { type: "button", class: "quiet", onclick: () => say(text) }, text));
  return h("div", { class: "empty" }, h("p", {}, "Say something, or begin with one of these:"), ...buttons);
}

const colours = new Map();

function colour(name) {
  if (!colours.has(name)) colours.set(name, `c${colours.size % COLOURS}`);
  return colours.get(name);
}

function sources(record) {
  const found = new Map();
  const take = (values) => {
    for (const [name, value] of Object.entries(values)) {
      const short = name.split(".").pop();
      if (!found.has(short)) found.set(short, value);
    }
  };
  for (const call of record.calls || []) take(call.argument_values);
  take(record.argument_values);
  take(record.slot_values);
  return [...found].map(([name, value]) => ({ name, value, colour: colour(name) }));
}

function marked(text, place) {
  const record = state.chosen === null ? null : state.decisions[state.chosen].decision;
  if (!record) return [text];
  const letters = Array.from(text);
  const spans = [];
  for (const { name, value, colour } of sources(record)) {
    const { message, start, end, text: said } = value.source;
    if (message !== place || !said) continue;
    let from = start;
    if (letters.slice(start, end).join("") !== said) from = Array.from(text.slice(0, text.indexOf(said))).length;
    if (text.includes(said)) spans.push({ from, to: from + Array.from(said).length, name, colour });
  }
  spans.sort((a, b) => a.from - b.from);
  const out = [];
  let at = 0;
  for (const span of spans) {
    if (span.from < at) continue;
    out.push(letters.slice(at, span.from).join(""));
    out.push(h("mark", { class: span.colour, title: words(span.name) }, letters.slice(span.from, span.to).join("")));
    at = span.to;
  }
  return [...out, letters.slice(at).join("")];
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
  const title = calls.length ? `Call ${calls.map((call) => call.function.name).join(", ")}`
    : record.missing.length ? `Ask for ${words(record.missing[0])}` : "Answer";
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

function sureness(record) {
  const whole = record.call_confidence === null ? "" : `, whole call ${percent(record.call_confidence)}`;
  return `${percent(record.confidence)} sure${whole} · ${Math.round(record.latency_ms.total)} ms`;
}

function overText(over, record) {
  if (over.measure === "unserved") return "Would be handed over: no tool here serves what the user wants.";
  const what = over.measure === "confidence" ? "decision and tool are" : "the whole call is";
  return `Would be handed over: ${what} ${percent(record[over.measure])} sure, ${percent(over.threshold)} is asked for.`;
}

function change(before, record, said) {
  if (before.text === summary(record)) {
    const shift = `(${percent(before.confidence)} → ${percent(record.confidence)})`;
    return `Same decision as before ${shift}${before.said === said ? "." : `, in other words. Before: “${before.said}”`}`;
  }
  return `Changed. Before: ${before.text}, ${percent(before.confidence)} sure.`;
}

const ORIGINS = {
  span: (source) => `said: “${source.text}”`,
  choice: (source) => (source.text ? `chosen, said: “${source.text}”` : "chosen from the list"),
  default: () => "the declared default",
  state: () => "remembered",
  dontcare: () => "the user does not mind",
};

function values(record) {
  const rows = sources(record).filter(({ name }) =>
    record.decision !== "tool_call" || (record.calls || []).some((call) => name in call.arguments));
  if (!rows.length && !record.missing.length) return null;
  const items = rows.map(({ name, value, colour }) => h("li", {},
    h("span", { class: `key ${colour}` }, words(name)), " ", plain(value.value), " ",
    h("span", { class: "from" }, `${percent(value.confidence)} · ${(ORIGINS[value.source.kind] || (() => value.source.kind))(value.source)}`)));
  if (record.missing.length) {
    items.push(h("li", {}, h("span", { class: "from" }, `missing: ${record.missing.map(words).join(", ")}`)));
  }
  return h("ul", { class: "values" }, ...items);
}

const opened = new Set();

function why(record, place) {
  const chances = record.probabilities;
  const best = (all) => Object.entries(all).sort((a, b) => b[1] - a[1]);
  const acts = chances.speech_acts ? best(chances.speech_acts).slice(0, 3) : [];
  const slots = Object.entries(record.slots);
  const notes = [];
  if (record.intended_tool) notes.push(`It is about ${record.intended_tool}.`);
  if (record.note) notes.push(`Note: ${record.note}.`);
  if (record.calibrated === false) notes.push("The confidence is not calibrated.");
  const details = h("details", { class: "why", open: opened.has(place),
    ontoggle: (event) => (event.target.open ? opened.add(place) : opened.delete(place)) },
    h("summary", {}, "Why"),
    notes.length ? h("p", {}, notes.join(" ")) : null,
    h("h3", {}, "Call or answer"),
    bars([["call a tool", chances.tool_call], ["answer", chances.direct_answer]]),
    Object.keys(chances.tools).length ? h("h3", {}, "Which tool") : null,
    bars(best(chances.tools).slice(0, SHOWN_TOOLS)),
    acts.length ? h("h3", {}, "What the user does") : null,
    acts.length ? bars(acts.map(([name, share]) => [words(name), share])) : null,
    h("h3", {}, "Remembered"),
    slots.length ? h("ul", { class: "values" }, ...slots.map(([name, value]) =>
      h("li", {}, h("code", {}, name), " ", plain(value)))) : h("p", { class: "hint" }, "nothing yet"));
  return details;
}

function bars(rows) {
  const cells = rows.flatMap(([name, share]) => [
    h("span", {}, name),
    h("meter", { min: 0, max: 1, value: share, "aria-label": name }),
    h("span", { class: "share" }, percent(share))]);
  return h("div", { class: "chances" }, ...cells);
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
  const decisions = Object.fromEntries(Object.entries(state.decisions).map(([at, kept]) => [at, kept.decision]));
  const now = $("now").value || localNow();
  try {
    const { text } = await ask("playground/export", { format, tools: state.tools, messages: state.messages, decisions, now });
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
}

start();
