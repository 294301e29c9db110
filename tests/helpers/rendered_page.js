// Faults of a rendered report. A function of the medium: "screen", "phone" or "print".
(medium) => {
  const faults = new Set();
  const TOLERANCE = 1.5;  // pixels: rounding of boxes
  const name = (element) => {
    const label = element.id ? "#" + element.id : (element.getAttribute("class") || "").split(/\s+/).filter(Boolean).map((c) => "." + c).join("");
    return element.tagName.toLowerCase() + label;
  };
  const quoted = (text) => JSON.stringify(text.replace(/\s+/g, " ").trim().slice(0, 40));
  const words = (element) => quoted(element.tagName === "text" ? element.textContent.replace(/\s+/g, "") : element.textContent);
  const isSeen = (box) => box.width > 0.5 && box.height > 0.5;
  const area = (box) => Math.max(0, box.width) * Math.max(0, box.height);
  const common = (a, b) => Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left))
    * Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
  const within = (inner, outer) => inner.left >= outer.left - TOLERANCE && inner.right <= outer.right + TOLERANCE
    && inner.top >= outer.top - TOLERANCE && inner.bottom <= outer.bottom + TOLERANCE;
  // The ink of a text stays within its line's box less a fifth on either side.
  const ink = (text) => {
    const box = text.getBoundingClientRect();
    const { a, b } = text.getScreenCTM();
    const [x, y] = Math.abs(a) > Math.abs(b) ? [0, 0.2 * box.height] : [0.2 * box.width, 0];
    return { left: box.left + x, right: box.right - x, top: box.top + y, bottom: box.bottom - y };
  };
  const isHidden = (element) => !element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const width = document.documentElement.clientWidth;

  const policy = document.querySelector('meta[http-equiv="Content-Security-Policy"]');
  if (!policy || !policy.content.startsWith("default-src 'none';")) faults.add("the page has no content policy");

  // 1. Nothing is wider than the page, and nothing is cut or scrolls inside it, but a wide table on a phone that says so.
  if (document.documentElement.scrollWidth > width + 1) faults.add(`the page is ${document.documentElement.scrollWidth} px wide, the window ${width}`);
  let scrolling = 0;
  for (const element of document.querySelectorAll("body, body *:not(svg *, .skip, script, style, #js-plotly-tester)")) {
    const box = element.getBoundingClientRect();
    if (!isSeen(box) || isHidden(element)) continue;
    const table = element.closest(".scroll");
    const excused = medium === "phone" && table && element !== table;
    if (!excused && !element.closest(".stage, .zoomed") && (box.right > width + TOLERANCE || box.left < -TOLERANCE)) faults.add(`${name(element)} reaches beyond the page`);
    if (element.closest("svg, .stage, .zoomed")) continue;
    const style = getComputedStyle(element);
    const over = { x: element.scrollWidth - element.clientWidth, y: element.scrollHeight - element.clientHeight };
    for (const axis of ["x", "y"]) {
      const held = { x: style.overflowX, y: style.overflowY }[axis];
      if (held === "visible" || over[axis] <= TOLERANCE) continue;
      if (axis === "x" && element === table && medium === "phone") {
        scrolling += 1;
        const hint = element.querySelector(".hint");
        if (!hint || isHidden(hint) || !isSeen(hint.getBoundingClientRect())) faults.add(`${name(element)} scrolls and does not say so`);
      } else {
        faults.add(`${name(element)} ${words(element)} cuts ${Math.round(over[axis])} px along ${axis}`);
      }
    }
  }

  // 2. A figure stands in its box at its own aspect ratio, with all its marks and text inside.
  let figures = 0;
  for (const svg of document.querySelectorAll("figure svg")) {
    const box = svg.getBoundingClientRect();
    const figure = svg.closest("figure").getBoundingClientRect();
    if (!isSeen(box)) {
      const folded = svg.closest("details:not([open])");
      if (!folded || medium === "print") faults.add(`${name(svg.closest("figure"))} is not seen`);
      continue;
    }
    figures += 1;
    const [, , w, h] = svg.getAttribute("viewBox").split(/[\s,]+/).map(Number);
    const ratio = (box.width / box.height) / (w / h);
    if (Math.abs(ratio - 1) > 0.01) faults.add(`a figure is drawn at ${ratio.toFixed(3)} of its aspect ratio`);
    const padding = svg.parentElement.tagName === "FIGURE" ? 0 : svg.parentElement.getBoundingClientRect().height - box.height;
    if (padding > TOLERANCE) faults.add(`a figure has ${Math.round(padding)} px of nothing below it`);
    if (!within(box, figure)) faults.add(`a figure of ${Math.round(box.width)} x ${Math.round(box.height)} px is cut by its box of ${Math.round(figure.width)} x ${Math.round(figure.height)} px`);
    for (const mark of svg.querySelectorAll("text, use, path, image")) {
      if (mark.closest("[clip-path], defs, clipPath")) continue;
      const drawn = mark.getBoundingClientRect();
      if (drawn.width + drawn.height > 0 && !within(mark.tagName === "text" ? ink(mark) : drawn, box)) faults.add(`${name(mark)} ${words(mark)} leaves its figure`);
    }
  }
  for (const box of document.querySelectorAll(".zoomed")) {
    const frame = box.getBoundingClientRect();
    for (const drawing of box.querySelectorAll("div > svg")) {
      const drawn = drawing.getBoundingClientRect();
      if (isSeen(drawn) && !within(drawn, drawing.parentElement.getBoundingClientRect()) && !drawing.closest(".modebar")) faults.add(`a drawing to zoom in is taller or wider than its box ${name(drawing.parentElement)}`);
    }
    for (const text of box.querySelectorAll("text")) {
      const drawn = text.getBoundingClientRect();
      if (isSeen(drawn) && !isHidden(text) && !within(drawn, frame)) faults.add(`${words(text)} leaves the zoomed plot`);
    }
  }

  // 3. No text stands on other text: of a figure, and of the page.
  const crowded = (items) => {
    const sorted = items.sort((a, b) => a.box.top - b.box.top);
    for (let i = 0; i < sorted.length; i++) {
      for (let j = i + 1; j < sorted.length && sorted[j].box.top < sorted[i].box.bottom; j++) {
        const shared = common(sorted[i].box, sorted[j].box);
        if (shared > 0.2 * Math.min(area(sorted[i].box), area(sorted[j].box))) faults.add(`${sorted[i].text} stands on ${sorted[j].text}`);
      }
    }
  };
  const upright = (text) => {  // the box of slanted text is not its own
    const { a, b } = text.getScreenCTM();
    return Math.min(Math.abs(a), Math.abs(b)) < 1e-3 * Math.hypot(a, b);
  };
  for (const svg of document.querySelectorAll("figure svg, .zoomed svg")) {
    const texts = [...svg.querySelectorAll("text")].filter((text) => isSeen(text.getBoundingClientRect()) && !isHidden(text) && upright(text));
    crowded(texts.map((text) => ({ box: text.getBoundingClientRect(), text: words(text) })));
  }
  const lines = [];
  const walker = document.createTreeWalker(document.querySelector("body"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    if (!node.data.trim() || parent.closest("svg, script, style, .skip, .stage, .zoomed, sub, sup") || isHidden(parent)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) if (isSeen(box)) lines.push({ box: box, text: quoted(node.data) });
  }
  crowded(lines);
  return { faults: [...faults], figures: figures, scrolling: scrolling };
}
