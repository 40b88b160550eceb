/**
 * What the page does: buttons, fields and keys. Runs last.
 */

const warning = document.getElementById("warning");

/**
 * @param {string | null} text What to warn of; null leaves an earlier warning as it is.
 */
function warn(text) {
  if (text === null) return;
  warning.textContent = text;
  warning.hidden = false;
}

/**
 * Let a screen reader say something.
 *
 * @param {string} text
 */
function speak(text) {
  document.getElementById("spoken").textContent = text;
}

/**
 * Take down an entry, show it and keep it.
 *
 * @param {HTMLElement} card
 * @param {Entry | undefined} entry
 */
function enter(card, entry) {
  const row = Number(card.dataset.row);
  setEntry(ROWS.bin_id[row], entry);
  isUnsafe ||= hasNoStorage;
  warn(keepEntries());
  refreshCard(card);
  showProgress();
  speak(`Bin ${ROWS.bin_id[row]}: ${describeEntry(row)}. ${document.getElementById("progress-text").textContent}.`);
}

/**
 * What the buttons of a card and their keys do.
 *
 * @type {Record<string, (card: HTMLElement, row: number, note: string) => void>}
 */
const ACTIONS = {
  confirm(card, row, note) {
    if (ROWS.recorded_count[row] !== null) enter(card, countedEntry(row, ROWS.recorded_count[row], note));
  },
  recount: (card, row, note) => enter(card, openEntry("recount", note)),
  clear: (card) => enter(card, undefined),
  zoom: (card, row) => enlarge(row),
};

function act(name, card) {
  ACTIONS[name](card, Number(card.dataset.row), card.querySelector(".note").value.trim());
}

/**
 * Save the count in a card's field.
 *
 * @param {HTMLElement} card
 * @returns {boolean} Whether there was a whole number.
 */
function saveCount(card) {
  const field = card.querySelector(".count");
  const isWhole = /^\d{1,4}$/.test(field.value.trim());
  field.setAttribute("aria-invalid", String(!isWhole));
  if (!isWhole) {
    speak("Enter a whole number of items, from 0 to 9999.");
    field.focus();
    return false;
  }
  const row = Number(card.dataset.row);
  enter(card, countedEntry(row, Number(field.value), card.querySelector(".note").value.trim()));
  return true;
}

/**
 * Keep a note with what was entered, or alone.
 *
 * @param {HTMLElement} card
 */
function saveNote(card) {
  const binId = ROWS.bin_id[Number(card.dataset.row)];
  const note = card.querySelector(".note").value.trim();
  const entry = entries.get(binId);
  if (note === (entry?.note ?? "")) return;
  const typed = card.querySelector(".count").value;
  if (entry === undefined) enter(card, openEntry("note", note));
  else enter(card, entry.decision === "note" && note === "" ? undefined : { ...entry, note });
  card.querySelector(".count").value = typed;
}

/**
 * Show the photo of a bin as large as it is to be had.
 *
 * @param {number} row
 */
function enlarge(row) {
  const [thumbnail, original] = [thumbnailOf(row), originalOf(row)];
  const image = document.getElementById("zoom-photo");
  if (thumbnail === null && original === null) return;
  image.onerror = () => {
    image.onerror = null;
    if (thumbnail !== null) image.src = thumbnail;
  };
  image.src = original ?? thumbnail;
  const recorded = ROWS.recorded_count[row];
  document.getElementById("zoom-title").textContent = `Bin ${ROWS.bin_id[row]}, recorded ${recorded ?? "–"}`;
  image.alt = `Photo of bin ${ROWS.bin_id[row]}`;
  document.getElementById("zoom").showModal();
}

function undo() {
  const binId = undoEntry();
  if (binId === null) return;
  warn(keepEntries());
  showProgress();
  const position = view.rows.indexOf(ROW_OF.get(binId));
  if (position >= 0) goTo(position);
  const card = list.querySelector(`[data-row="${ROW_OF.get(binId)}"]`);
  if (card !== null) refreshCard(card);
  speak(`Undone. Bin ${binId}: ${describeEntry(ROW_OF.get(binId))}.`);
}

function exportAudit() {
  if (entries.size === 0) return speak("Nothing has been entered yet.");
  downloadAudit();
  speak(`${plural(entries.size, "bin")} exported.`);
}

/** What single keys do; each gets the current card, if there is one. */
const KEYS = {
  j: () => goTo(view.position + (document.activeElement === currentCard() || view.position > 0 ? 1 : 0)),
  k: () => goTo(view.position - 1),
  c: (card) => actAndGoOn("confirm", card),
  r: (card) => actAndGoOn("recount", card),
  z: (card) => card && act("zoom", card),
  n: (card) => card?.querySelector(".note").focus(),
  u: undo,
  e: exportAudit,
  "/": () => document.getElementById("search").focus(),
  "?": () => document.getElementById("help").showModal(),
};

function actAndGoOn(name, card) {
  if (!card || (name === "confirm" && card.querySelector('[data-do="confirm"]').disabled)) return;
  act(name, card);
  goOn();
}

/** Go to the next bin, or stay with the last one. */
function goOn() {
  goTo(Math.min(view.position + 1, view.rows.length - 1));
}

/**
 * @param {KeyboardEvent} event
 */
function onKey(event) {
  const isTyping = event.target.closest?.("input, select, textarea");
  if (event.key === "Escape" && isTyping) return focusCurrent();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!document.getElementById("keys-on").checked || document.querySelector("dialog[open]")) return;
  const card = currentCard();
  if (/^\d$/.test(event.key)) startCount(card, event.key);
  else if (event.key in KEYS) KEYS[event.key](card);
  else return;
  event.preventDefault();
}

function startCount(card, digit) {
  if (card === null) return;
  const field = card.querySelector(".count");
  field.focus();
  field.value = digit;
}

/** Make the bin in which something happens the current one. */
function onFocus(event) {
  const item = event.target.closest("#bins > li");
  if (item === null) return;
  view.position = pageStart() + [...list.children].indexOf(item);
  markCurrent();
}

function onListClick(event) {
  const button = event.target.closest("[data-do]");
  if (button !== null) act(button.dataset.do, button.closest("article"));
}

function onSubmit(event) {
  event.preventDefault();
  if (saveCount(event.target.closest("article")) && event.submitter === null) goOn();
}

function onFieldKey(event) {
  if (event.key !== "Enter" || event.isComposing || event.target.tagName !== "INPUT") return;
  event.preventDefault();
  const card = event.target.closest("article");
  if (event.target.classList.contains("note")) {
    saveNote(card);
    focusCurrent();
  } else if (saveCount(card)) goOn();
}

/** Entries made in another window with the same page. */
function onStorage(event) {
  if (event.key !== STORAGE_KEY) return;
  entries = parseEntries(event.newValue);
  for (const card of list.querySelectorAll("article")) refreshCard(card);
  showProgress();
}

function wireControls() {
  const by = (id) => document.getElementById(id);
  by("search").addEventListener("input", showChoice);
  for (const id of ["decision", "recorded", "audit", "sort"]) by(id).addEventListener("change", showChoice);
  by("filters").addEventListener("submit", (event) => event.preventDefault());
  by("reset").addEventListener("click", () => {
    by("filters").reset();
    showChoice();
  });
  by("undo").addEventListener("click", undo);
  by("export").addEventListener("click", exportAudit);
  by("help-open").addEventListener("click", KEYS["?"]);
  for (const button of document.querySelectorAll("[data-page]")) {
    button.addEventListener("click", () => turnPage(Number(button.dataset.page)));
  }
}

function wireList() {
  list.addEventListener("click", onListClick);
  list.addEventListener("focusin", onFocus);
  list.addEventListener("submit", onSubmit);
  list.addEventListener("keydown", onFieldKey);
  list.addEventListener("change", (event) => {
    if (event.target.classList.contains("note")) saveNote(event.target.closest("article"));
  });
  document.addEventListener("keydown", onKey);
  window.addEventListener("storage", onStorage);
  window.addEventListener("beforeunload", (event) => {
    if (isUnsafe) event.preventDefault();
  });
}

const storageTrouble = loadEntries();
const hasNoStorage = storageTrouble !== null;
warn(storageTrouble);
fillOptions(document.getElementById("decision"), listDecisions());
fillOptions(document.getElementById("recorded"), listRecordedCounts());
if (WORKLOAD > 0) document.getElementById("decision").value = "recount";
wireControls();
wireList();
showChoice();
showProgress();
