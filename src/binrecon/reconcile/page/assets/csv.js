/**
 * The audit as a CSV file that spreadsheets open and `binrecon reconcile --apply` reads.
 */

/**
 * Write one cell. A text that a spreadsheet would take for a formula gets an apostrophe before it, and so does
 * one that already has apostrophes there: the reader takes one off.
 *
 * @param {string | number | null} value
 * @returns {string}
 */
function writeCell(value) {
  if (value === null) return "";
  const text = String(value);
  const first = text.replace(/^'+/, "").charAt(0);
  const safe = first !== "" && BLOCK.formulaStarts.includes(first) ? `'${text}` : text;
  return /[",;'\t\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** @returns {string} Every entry, in the order of the page's rows. */
function writeAudit() {
  const rows = [...entries.keys()].map((binId) => ROW_OF.get(binId)).sort((first, second) => first - second);
  const lines = rows.map((row) => {
    const entry = entries.get(ROWS.bin_id[row]);
    const cells = [ROWS.bin_id[row], ROWS.recorded_count[row], entry.count, entry.decision, entry.time, entry.note];
    return [...cells, BLOCK.reconciliation].map(writeCell).join(",");
  });
  return `\ufeff${[BLOCK.columns.join(","), ...lines].join("\r\n")}\r\n`;
}

/** Hand the audit to the browser as a download. */
function downloadAudit() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([writeAudit()], { type: "text/csv;charset=utf-8" }));
  link.download = `audit-${BLOCK.reconciliation}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  isUnsafe = false;
}
