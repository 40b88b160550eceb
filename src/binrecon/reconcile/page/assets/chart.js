/**
 * How likely each count is, as bars; the recorded one is marked by colour, by a triangle and in words.
 */

const SVG = "http://www.w3.org/2000/svg";
const BAR = { width: 34, gap: 10, height: 64, top: 16, foot: 30 };

/**
 * @param {number} row
 * @returns {SVGElement | null} The chart, or null where the photo was not judged.
 */
function drawChart(row) {
  const shares = ROWS.shares[row];
  if (shares === null) return null;
  const width = BLOCK.counts.length * (BAR.width + BAR.gap) + BAR.gap;
  const height = BAR.top + BAR.height + BAR.foot;
  const chart = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": describeChart(row) });
  const floor = BAR.top + BAR.height;
  chart.append(draw("line", { class: "floor", x1: 0, x2: width, y1: floor + 0.5, y2: floor + 0.5 }));
  const largest = Math.max(...shares, 1);
  BLOCK.counts.forEach((_, index) => {
    const isRecorded = index === recordedIndex(row);
    const left = BAR.gap + index * (BAR.width + BAR.gap);
    chart.append(...drawBar(left, floor, nameCount(index), shares[index], largest, isRecorded));
  });
  return chart;
}

function drawBar(left, floor, name, share, largest, isRecorded) {
  const height = Math.max((BAR.height * share) / largest, 1);
  const middle = left + BAR.width / 2;
  const kind = isRecorded ? " is-recorded" : "";
  const parts = [
    draw("rect", { class: `share${kind}`, x: left, y: floor - height, width: BAR.width, height, rx: 2 }),
    draw("text", { class: "value", x: middle, y: floor - height - 5 }, share < 5 ? "" : `${Math.round(share / 10)} %`),
    draw("text", { class: `name${kind}`, x: middle, y: floor + 16 }, name),
  ];
  if (isRecorded) {
    const top = floor + 21;
    parts.push(draw("path", { class: "mark", d: `M${middle} ${top}l5 8h-10z` }));
  }
  return parts;
}

/**
 * @param {number} row
 * @returns {string} The chart in words.
 */
function describeChart(row) {
  const parts = BLOCK.counts.map((_, index) => `${nameCount(index)}: ${percent(ROWS.shares[row][index] / 1000)}`);
  return `By the photo, ${parts.join(", ")}. Recorded: ${ROWS.recorded_count[row] ?? "nothing"}.`;
}

/** @returns {string} What a bar is called: `5+` where the largest count stands for all above it too. */
function nameCount(index) {
  const isOpen = BLOCK.isOpenEnded && index === BLOCK.counts.length - 1;
  return `${BLOCK.counts[index]}${isOpen ? "+" : ""}`;
}

/** @returns {number} Which bar stands for the recorded count, or -1. */
function recordedIndex(row) {
  const recorded = ROWS.recorded_count[row];
  const last = BLOCK.counts.length - 1;
  if (recorded !== null && BLOCK.isOpenEnded && recorded > BLOCK.counts[last]) return last;
  return BLOCK.counts.indexOf(recorded);
}

function draw(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}
