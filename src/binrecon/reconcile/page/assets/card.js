/**
 * One bin as a card. Everything from the table is set as text, never as HTML.
 */

const TEMPLATE = document.getElementById("bin");
const MOST_ITEMS = 4;

/**
 * @param {number} row
 * @returns {HTMLLIElement}
 */
function buildCard(row) {
  const item = TEMPLATE.content.firstElementChild.cloneNode(true);
  const card = item.querySelector("article");
  const binId = ROWS.bin_id[row];
  card.dataset.row = row;
  card.setAttribute("aria-label", `Bin ${binId}`);
  setText(card, ".rank", ROWS.rank[row] === null ? "–" : `#${ROWS.rank[row].toLocaleString("en")}`);
  setText(card, ".bin-id", binId);
  const decision = decisionOf(row);
  setText(card, ".decision", DECISION_NAMES[decision]);
  card.querySelector(".decision").classList.add(`is-${decision}`);
  setText(card, ".reason", ROWS.reason[row] ?? "");
  showPhoto(card, row);
  showFacts(card, row);
  refreshCard(card);
  return item;
}

function setText(card, selector, text) {
  card.querySelector(selector).textContent = text;
}

function showPhoto(card, row) {
  const button = card.querySelector(".photo");
  const image = button.querySelector("img");
  const address = thumbnailOf(row) ?? originalOf(row);
  button.setAttribute("aria-label", `Enlarge the photo of bin ${ROWS.bin_id[row]}`);
  if (address === null) return showNoPhoto(button, row);
  image.addEventListener("error", () => showNoPhoto(button, row), { once: true });
  image.src = address;
}

function showNoPhoto(button, row) {
  button.querySelector("img").hidden = true;
  const words = button.querySelector(".no-photo");
  const isEmbedded = row < BLOCK.thumbnails.length;
  words.textContent = isEmbedded ? "No photo that can be shown" : "Photo not in this page, nor found beside it";
  words.hidden = false;
  button.disabled = true;
}

function showFacts(card, row) {
  setText(card, ".recorded dd", ROWS.recorded_count[row] ?? "–");
  setText(card, ".predicted dd", sayCount(ROWS.predicted_count[row]));
  setText(card, ".likely dd", sayCount(ROWS.likely_count[row]));
  setText(card, ".chance dd", percent(ROWS.variance_probability[row]));
  card.querySelector(".chart").replaceChildren(...[drawChart(row)].filter(Boolean));
  setText(card, ".more", describeMore(row));
  showItems(card.querySelector(".items"), ROWS.items[row] ?? []);
}

/**
 * @param {number | null} count One that the counter answers.
 * @returns {string}
 */
function sayCount(count) {
  return count === null ? "–" : nameCount(BLOCK.counts.indexOf(count));
}

/**
 * @param {number} row
 * @returns {string} Range, expected size of the variance, and the partner photo, where there are such.
 */
function describeMore(row) {
  const parts = [];
  if (ROWS.count_set[row]) parts.push(`Range ${ROWS.count_set[row]}`);
  if (ROWS.mean_count[row] !== null) parts.push(`mean ${ROWS.mean_count[row].toFixed(1)}`);
  if (ROWS.expected_variance[row] !== null) {
    parts.push(`expected variance ${ROWS.expected_variance[row].toFixed(1)} items`);
  }
  if (ROWS.pair_bin_id[row] !== null) {
    const chance = percent(ROWS.pair_change_probability[row]);
    parts.push(`change from bin ${ROWS.pair_bin_id[row]} not as recorded: ${chance}`);
  }
  return parts.join(" · ");
}

function showItems(list, names) {
  const shown = names.slice(0, names.length > MOST_ITEMS ? MOST_ITEMS - 1 : MOST_ITEMS);
  list.replaceChildren(...shown.map(textItem));
  list.hidden = names.length === 0;
  if (shown.length === names.length) return;
  const rest = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link";
  button.textContent = `and ${names.length - shown.length} more`;
  button.addEventListener("click", () => rest.replaceWith(...names.slice(shown.length).map(textItem)));
  rest.append(button);
  list.append(rest);
}

function textItem(name) {
  const item = document.createElement("li");
  item.textContent = name;
  return item;
}

/**
 * Show what was entered for the bin of a card.
 *
 * @param {HTMLElement} card
 */
function refreshCard(card) {
  const row = Number(card.dataset.row);
  const entry = entries.get(ROWS.bin_id[row]);
  const state = card.querySelector(".state");
  state.textContent = describeEntry(row);
  card.classList.toggle("is-done", isCounted(row));
  card.classList.toggle("is-find", isFind(row));
  card.querySelector(".count").value = entry?.count ?? "";
  card.querySelector(".note").value = entry?.note ?? "";
  card.querySelector(".clear").hidden = entry === undefined;
  const confirm = card.querySelector('[data-do="confirm"]');
  confirm.textContent = `Confirm ${ROWS.recorded_count[row] ?? ""}`;
  confirm.disabled = ROWS.recorded_count[row] === null;
  confirm.setAttribute("aria-pressed", String(entry?.decision === "confirm"));
  card.querySelector('[data-do="recount"]').setAttribute("aria-pressed", String(entry?.decision === "recount"));
}

/**
 * @param {number} row
 * @returns {string} What was entered, in words.
 */
function describeEntry(row) {
  const entry = entries.get(ROWS.bin_id[row]);
  const recorded = ROWS.recorded_count[row];
  if (entry === undefined) return "Not looked at yet";
  if (entry.decision === "note") return "Noted, not counted";
  if (entry.count === null) return "To be recounted";
  if (recorded === null) return `Counted ${entry.count}, no record`;
  if (entry.count === recorded) return `Counted ${entry.count}, as recorded`;
  const difference = entry.count - recorded;
  return `Find: counted ${entry.count}, ${difference > 0 ? "+" : "−"}${Math.abs(difference)}`;
}
