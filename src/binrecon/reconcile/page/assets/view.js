/**
 * The list of bins: a page of cards at a time, one of them current.
 */

const PAGE_SIZE = 25;

const list = document.getElementById("bins");

/** What is shown: rows in their order, and the position of the current bin among them. */
const view = { rows: [], position: 0 };

/** @returns {Choice} What the filters say. */
function readChoice() {
  const value = (id) => document.getElementById(id).value;
  return {
    words: value("search"),
    decision: value("decision"),
    recorded: value("recorded"),
    audit: value("audit"),
    sort: value("sort"),
  };
}

/** Choose anew, and show the first page. Entries made later do not move bins until this is done again. */
function showChoice() {
  view.rows = chooseRows(readChoice());
  showPage(0);
}

/**
 * @param {number} position Of a bin that is to be current; its page is shown.
 */
function showPage(position) {
  view.position = Math.max(0, Math.min(position, view.rows.length - 1));
  const first = pageStart();
  const rows = view.rows.slice(first, first + PAGE_SIZE);
  list.replaceChildren(...rows.map(buildCard));
  list.start = first + 1;
  document.getElementById("empty").hidden = rows.length > 0;
  showRange(first, rows.length);
  markCurrent();
}

function pageStart() {
  return Math.floor(view.position / PAGE_SIZE) * PAGE_SIZE;
}

function showRange(first, length) {
  const total = plural(view.rows.length, "bin");
  const pages = Math.max(1, Math.ceil(view.rows.length / PAGE_SIZE));
  const page = first / PAGE_SIZE + 1;
  document.getElementById("range").textContent =
    view.rows.length > PAGE_SIZE ? `${total}, ${first + 1} to ${first + length} shown` : total;
  document.getElementById("page-number").textContent = `Page ${page} of ${pages.toLocaleString("en")}`;
  for (const button of document.querySelectorAll("[data-page]")) {
    button.disabled = button.dataset.page === "1" ? page === pages : page === 1;
  }
  for (const pager of document.querySelectorAll(".pager")) pager.hidden = pages === 1;
}

/** @returns {HTMLElement | null} The card of the current bin. */
function currentCard() {
  return list.children[view.position - pageStart()]?.querySelector("article") ?? null;
}

function markCurrent() {
  for (const card of list.querySelectorAll('[aria-current="true"]')) card.removeAttribute("aria-current");
  currentCard()?.setAttribute("aria-current", "true");
}

/**
 * Make a bin the current one, go to its page if need be, and bring it into sight.
 *
 * @param {number} position
 */
function goTo(position) {
  if (position < 0 || position >= view.rows.length) return;
  const before = pageStart();
  view.position = position;
  if (pageStart() === before) markCurrent();
  else showPage(position);
  focusCurrent();
}

function focusCurrent() {
  const card = currentCard();
  if (card === null) return;
  card.focus({ preventScroll: true });
  const room = window.innerHeight - document.querySelector(".bar").offsetHeight;
  card.scrollIntoView({ block: card.offsetHeight > room ? "start" : "nearest" });
}

/**
 * Turn the page.
 *
 * @param {number} step 1 or -1.
 */
function turnPage(step) {
  showPage(pageStart() + step * PAGE_SIZE);
  list.focus({ preventScroll: true });
  list.scrollIntoView({ block: "start" });
}

/** Show how far the audit is. */
function showProgress() {
  const sums = sumUp();
  const counted = sums.workload > 0 ? `${sums.counted.toLocaleString("en")} of ${sums.workload.toLocaleString("en")}` : `${sums.others}`;
  const others = sums.workload > 0 && sums.others > 0 ? `, ${plural(sums.others, "other")}` : "";
  document.getElementById("progress-text").textContent = `${counted} counted${others}, ${plural(sums.finds, "find")}`;
  document.getElementById("precision").textContent = describePrecision(sums);
  const bar = document.getElementById("progress");
  bar.max = Math.max(sums.workload, 1);
  bar.value = sums.counted;
  document.getElementById("undo").disabled = changes.length === 0;
}

/** @returns {string} Precision so far with its interval, beside what was expected of the same bins. */
function describePrecision({ counted, hits, expected }) {
  if (counted === 0) return "";
  const [lower, upper] = wilson(hits, counted);
  const interval = `${Math.round(100 * lower)} to ${Math.round(100 * upper)} %`;
  return `precision ${percent(hits / counted)} (95 %: ${interval}), expected ${percent(expected / counted)}`;
}
