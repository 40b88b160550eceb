/**
 * Which bins are shown, and in which order.
 *
 * @typedef {object} Choice
 * @property {string} words Searched in bin ids and item names; all of them must occur.
 * @property {string} decision A decision, or `any`.
 * @property {string} recorded A recorded count, `none`, or `any`.
 * @property {string} audit State of the audit, or `any`.
 * @property {string} sort
 */

/** @type {string[] | null} What is searched of each bin, in lower case; made when it is first needed. */
let searched = null;

/** Whether a bin is in a state of the audit. */
const AUDIT_STATES = {
  any: () => true,
  open: (row) => !entries.has(ROWS.bin_id[row]),
  counted: isCounted,
  find: isFind,
  recount: (row) => entries.get(ROWS.bin_id[row])?.decision === "recount" && !isCounted(row),
  note: (row) => Boolean(entries.get(ROWS.bin_id[row])?.note),
};

/**
 * @param {Choice} choice
 * @returns {number[]} Rows.
 */
function chooseRows(choice) {
  const words = choice.words.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length > 0) searched ??= ROWS.bin_id.map((binId, row) => `${binId} ${(ROWS.items[row] ?? []).join("; ")}`.toLowerCase());
  const decision = BLOCK.decisions.indexOf(choice.decision);
  const rows = [];
  for (let row = 0; row < ROW_COUNT; row++) {
    if (decision >= 0 && ROWS.decision[row] !== decision) continue;
    if (choice.recorded !== "any" && String(ROWS.recorded_count[row] ?? "none") !== choice.recorded) continue;
    if (!AUDIT_STATES[choice.audit](row)) continue;
    if (words.every((word) => searched[row].includes(word))) rows.push(row);
  }
  return sortRows(rows, choice.sort);
}

/**
 * Sort by a column; equal values stay in the order of rank, and what has no value comes last.
 *
 * @param {number[]} rows In the order of rank.
 * @param {string} sort
 * @returns {number[]}
 */
function sortRows(rows, sort) {
  if (sort === "rank") return rows;
  if (sort === "time") return rows.sort(byValue((row) => entries.get(ROWS.bin_id[row])?.time ?? null, -1));
  const isRising = sort === "bin_id" || sort === "recorded_count";
  return rows.sort(byValue((row) => ROWS[sort][row], isRising ? 1 : -1));
}

function byValue(valueOf, direction) {
  return (first, second) => {
    const [one, other] = [valueOf(first), valueOf(second)];
    if (one === other) return first - second;
    if (one === null || other === null) return one === null ? 1 : -1;
    return (one < other ? -1 : 1) * direction;
  };
}

/**
 * @param {HTMLSelectElement} select
 * @param {[string, string][]} options Value and name.
 */
function fillOptions(select, options) {
  select.replaceChildren(new Option("all", "any"), ...options.map(([value, name]) => new Option(name, value)));
}

/** @returns {[string, string][]} Every decision that occurs, with its number of bins. */
function listDecisions() {
  const sizes = BLOCK.decisions.map(() => 0);
  for (const decision of ROWS.decision) sizes[decision] += 1;
  return BLOCK.decisions
    .map((word, index) => [word, `${DECISION_NAMES[word]} (${sizes[index].toLocaleString("en")})`])
    .filter((_, index) => sizes[index] > 0);
}

/** @returns {[string, string][]} Every recorded count that occurs, smallest first; bins without one last. */
function listRecordedCounts() {
  const values = [...new Set(ROWS.recorded_count)];
  const counts = values.filter((count) => count !== null).sort((first, second) => first - second);
  const names = counts.map((count) => [String(count), String(count)]);
  return values.includes(null) ? [...names, ["none", "no record"]] : names;
}
