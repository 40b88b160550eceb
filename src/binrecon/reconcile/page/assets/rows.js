/**
 * The bins of this page, as the JSON block holds them: a list for each column, so a bin is a row number.
 */

const BLOCK = JSON.parse(document.getElementById("block").textContent);
const ROWS = BLOCK.rows;
const ROW_COUNT = ROWS.bin_id.length;
const RECOUNT = BLOCK.decisions.indexOf("recount");

/** What each decision is called on the page. */
const DECISION_NAMES = {
  recount: "recount",
  rephotograph: "photograph again",
  not_judged: "not judged",
  confirm: "as recorded",
};

/** @type {Map<string, number>} Row of each bin. */
const ROW_OF = new Map(ROWS.bin_id.map((binId, row) => [binId, row]));

/**
 * @param {number} row
 * @returns {string} The decision of a bin, one of the keys of DECISION_NAMES.
 */
function decisionOf(row) {
  return BLOCK.decisions[ROWS.decision[row]];
}

/**
 * @param {number} row
 * @returns {string | null} Where the photo within the page is, or null if there is none.
 */
function thumbnailOf(row) {
  const thumbnail = BLOCK.thumbnails[row];
  return thumbnail ? `data:image/jpeg;base64,${thumbnail}` : null;
}

/**
 * @param {number} row
 * @returns {string | null} Where the original photo may lie, or null if nobody knows.
 */
function originalOf(row) {
  return BLOCK.folder === null ? null : BLOCK.folder + encodeURIComponent(ROWS.bin_id[row]) + BLOCK.suffix;
}

/**
 * @param {number | null} share Between 0 and 1.
 * @returns {string} In percent, with a decimal where it is needed to tell it from 0.
 */
function percent(share) {
  if (share === null) return "–";
  if (share > 0 && share < 0.001) return "< 0.1 %";
  return `${(100 * share).toFixed(share < 0.0995 && share > 0 ? 1 : 0)} %`;
}

/**
 * @param {number} count
 * @param {string} unit In the singular.
 * @returns {string} For instance `1 find`, `2 finds`.
 */
function plural(count, unit) {
  return `${count.toLocaleString("en")} ${unit}${count === 1 ? "" : "s"}`;
}
