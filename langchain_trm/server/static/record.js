"use strict";
/* How a decision record is shown. Texts enter the page as text nodes only. */

const COLOURS = 6;
const SHOWN_TOOLS = 8;

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
const words = (name) => name.replaceAll("_", " ").replaceAll(".", " › ");

/* A record may leave the list of calls out where there is one. */
function callsOf(record) {
  if (record.decision !== "tool_call") return [];
  return record.calls && record.calls.length ? record.calls : [record];
}

function summary(record) {
  if (record.decision !== "tool_call") {
    const about = record.intended_tool ? ` about ${record.intended_tool}` : "";
    return record.missing.length ? `ask for ${words(record.missing[0])}` : `answer${about}`;
  }
  return callsOf(record).map((call) => `${call.tool}(${Object.entries(call.arguments)
    .map(([name, value]) => `${name}=${plain(value)}`).join(", ")})`).join(", ");
}

/* Where its values come from */

const colours = new Map();

function colour(name) {
  if (!colours.has(name)) colours.set(name, `c${colours.size % COLOURS}`);
  return colours.get(name);
}

/* A value of each argument of each call, then what else is known; slots of one tool are keyed `tool.slot`. */
function sources(record) {
  const calls = callsOf(record);
  const out = calls.flatMap((call) => Object.entries(call.argument_values)
    .map(([name, value]) => ({ name, value, called: true, of: calls.length > 1 ? call.tool : null })));
  const known = new Set(out.map(({ name }) => name));
  const own = (key) => (state.tools.some((tool) => key.startsWith(`${tool.function.name}.`))
    ? key.slice(key.indexOf(".") + 1) : key);
  for (const [key, value] of [...Object.entries(record.argument_values), ...Object.entries(record.slot_values)]) {
    const name = own(key);
    if (!known.has(name)) out.push({ name, value, called: false, of: null });
    known.add(name);
  }
  return out.map((found) => ({ ...found, colour: colour(found.name) }));
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
  const owner = new Array(letters.length).fill(null); // the shortest span over each letter
  spans.sort((a, b) => (b.to - b.from) - (a.to - a.from));
  for (const span of spans) owner.fill(span, span.from, span.to);
  const out = [];
  for (let at = 0; at < letters.length;) {
    let end = at + 1;
    while (end < letters.length && owner[end] === owner[at]) end += 1;
    const piece = letters.slice(at, end).join("");
    const span = owner[at];
    out.push(span ? h("mark", { class: span.colour, title: words(span.name) }, piece) : piece);
    at = end;
  }
  return out;
}

/* Its card */

function answerTitle(record) {
  if (record.missing.length) return `Ask for ${words(record.missing[0])}`;
  const confirms = record.note === "confirm" || (record.words && record.words.kind === "confirm");
  return confirms && record.intended_tool ? `Ask before ${record.intended_tool}` : "Answer";
}

function sureness(record) {
  const whole = record.call_confidence === null ? "" : `, whole call ${percent(record.call_confidence)}`;
  return `${percent(record.confidence)} sure${whole} · ${Math.round(record.latency_ms.total)} ms`;
}

function overText(over, record) {
  if (over.measure === "unserved") return "Would be handed over: no tool here serves what the user wants.";
  const what = over.measure === "confidence" ? "decision and tool are" : "the whole call is";
  const [got, least] = [record[over.measure], over.threshold];
  const [is, asked] = percent(got) === percent(least) ? [got, least].map((share) => `${(100 * share).toFixed(2)} %`)
    : [percent(got), percent(least)];
  return `Would be handed over: ${what} ${is} sure, ${asked} is asked for.`;
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
  const rows = sources(record).filter(({ value, called }) =>
    (record.decision === "tool_call" ? called : value.source.kind !== "state"));
  if (!rows.length && !record.missing.length) return null;
  const items = rows.map(({ name, value, colour, of }) => h("li", {},
    of ? `${of}: ` : "", h("span", { class: `key ${colour}` }, words(name)), " ", plain(value.value), " ",
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
    ontoggle: (event) => {
      const { open } = event.target;
      if (open && !opened.has(place)) event.target.scrollIntoView({ block: "nearest" });
      if (open) opened.add(place); else opened.delete(place);
    } },
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
