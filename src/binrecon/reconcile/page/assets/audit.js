/**
 * What the auditor has entered: kept in the browser under the name of the reconciliation, with undo.
 *
 * @typedef {object} Entry
 * @property {"confirm" | "correct" | "recount" | "note"} decision
 * @property {number | null} count Items counted.
 * @property {string} time When, as ISO 8601 in UTC.
 * @property {string} note
 */

/** What the auditor may say of a bin, and how it is said when it is done. */
const VERDICTS = { confirm: "confirmed", correct: "counted", recount: "to be recounted", note: "noted" };

const STORAGE_KEY = `binrecon:audit:${BLOCK.reconciliation}`;

/** @type {Map<string, Entry>} By bin id. */
let entries = new Map();

/** @type {{binId: string, entry: Entry | undefined}[]} What each change replaced, the latest last. */
const changes = [];

/** How many bins are to be recounted. */
const WORKLOAD = ROWS.decision.filter((decision) => decision === RECOUNT).length;

/** Whether something was entered that neither the browser keeps nor a file holds. */
let isUnsafe = false;

/**
 * Take in what the browser has kept.
 *
 * @returns {string | null} What is wrong with the browser's storage, or null.
 */
function loadEntries() {
  try {
    entries = parseEntries(localStorage.getItem(STORAGE_KEY));
    localStorage.setItem(STORAGE_KEY, JSON.stringify(Object.fromEntries(entries)));
    return null;
  } catch {
    return "This browser keeps nothing for this page. Export what you enter before you close it.";
  }
}

/**
 * @param {string | null} text What the browser has kept; every page opened from disk may write there.
 * @returns {Map<string, Entry>} What of it can be entries of this page.
 */
function parseEntries(text) {
  try {
    const kept = Object.entries(JSON.parse(text ?? "{}") ?? {});
    return new Map(kept.filter(([binId, entry]) => ROW_OF.has(binId) && isEntry(entry)));
  } catch {
    return new Map();
  }
}

function isEntry(entry) {
  const { decision, count, time, note } = entry ?? {};
  const isCount = count === null || (Number.isInteger(count) && count >= 0 && count <= BLOCK.largestCount);
  return decision in VERDICTS && isCount && typeof time === "string" && typeof note === "string";
}

/** @returns {string | null} Why the browser did not keep what was entered, or null if it did. */
function keepEntries() {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(Object.fromEntries(entries)));
    return null;
  } catch {
    isUnsafe = true;
    return "This browser did not keep the last entry. Export what you entered before you close the page.";
  }
}

/**
 * Set or remove what was entered for a bin, and remember what was there.
 *
 * @param {string} binId
 * @param {Entry | undefined} entry
 */
function setEntry(binId, entry) {
  changes.push({ binId, entry: entries.get(binId) });
  replaceEntry(binId, entry);
}

/** @returns {string | null} The bin whose last change was undone, or null if there was none. */
function undoEntry() {
  const last = changes.pop();
  if (last === undefined) return null;
  replaceEntry(last.binId, last.entry);
  return last.binId;
}

function replaceEntry(binId, entry) {
  if (entry === undefined) entries.delete(binId);
  else entries.set(binId, entry);
}

/**
 * @param {number} row
 * @param {number} count Items counted.
 * @param {string} note
 * @returns {Entry}
 */
function countedEntry(row, count, note) {
  const decision = count === ROWS.recorded_count[row] ? "confirm" : "correct";
  return { decision, count, note, time: now() };
}

/**
 * @param {"recount" | "note"} decision
 * @param {string} note
 * @returns {Entry}
 */
function openEntry(decision, note) {
  return { decision, count: null, note, time: now() };
}

/** @returns {string} The time in UTC, to the second. */
function now() {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

/**
 * @param {number} row
 * @returns {boolean} Whether a bin was counted and holds another count than its record says.
 */
function isFind(row) {
  const entry = entries.get(ROWS.bin_id[row]);
  const recorded = ROWS.recorded_count[row];
  return entry !== undefined && entry.count !== null && recorded !== null && entry.count !== recorded;
}

/**
 * @param {number} row
 * @returns {boolean} Whether a count was entered.
 */
function isCounted(row) {
  return (entries.get(ROWS.bin_id[row])?.count ?? null) !== null;
}

/**
 * How far the audit is. Precision is of the bins that were to be recounted; finds are all.
 *
 * @returns {{workload: number, counted: number, others: number, finds: number, hits: number, expected: number}}
 */
function sumUp() {
  const sums = { workload: WORKLOAD, counted: 0, others: 0, finds: 0, hits: 0, expected: 0 };
  for (const binId of entries.keys()) {
    const row = ROW_OF.get(binId);
    if (!isCounted(row)) continue;
    const find = isFind(row) ? 1 : 0;
    sums.finds += find;
    if (ROWS.decision[row] === RECOUNT) {
      sums.counted += 1;
      sums.hits += find;
      sums.expected += ROWS.variance_probability[row] ?? 0;
    } else sums.others += 1;
  }
  return sums;
}

/**
 * The 95 % interval of a share: Wilson 1927, doi:10.2307/2276774.
 *
 * @param {number} hits
 * @param {number} trials At least 1.
 * @returns {[number, number]}
 */
function wilson(hits, trials) {
  const z = 1.959964;
  const share = hits / trials;
  const centre = share + (z * z) / (2 * trials);
  const spread = z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials));
  const scale = 1 + (z * z) / trials;
  return [Math.max(0, (centre - spread) / scale), Math.min(1, (centre + spread) / scale)];
}
