// The simulated cell in 3Dmol.js, over a still picture that stays where scripts or WebGL are absent.
(function () {
  "use strict";
  const box = document.getElementById("cell-viewer");
  const source = document.getElementById("cell-data");
  if (!box || !source || typeof $3Dmol === "undefined") return;
  const data = JSON.parse(source.textContent);
  box.hidden = false;
  let viewer = null;
  try {
    viewer = $3Dmol.createViewer(box, { backgroundAlpha: 0, antialias: true, disableFog: true });
  } catch (error) {
    console.warn("3D viewer not available:", error);
  }
  if (!viewer) {
    box.hidden = true;
    return;
  }
  // The wheel scrolls the page; with Ctrl it zooms.
  box.addEventListener("wheel", (event) => { if (!event.ctrlKey) event.stopPropagation(); }, true);

  // An opaque ground in the colour of the theme: translucent shapes over none would let the page shine through twice.
  const ground = () => {
    const [red, green, blue] = getComputedStyle(box.parentElement).backgroundColor.match(/[\d.]+/g).map(Number);
    viewer.setBackgroundColor((red << 16) | (green << 8) | blue, 1);
    viewer.render();
  };
  ground();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", ground);
  viewer.setProjection("orthographic");
  const model = viewer.addModel();
  model.addAtoms(data.symbols.map((elem, i) => ({
    elem: elem, serial: i, x: data.positions[i][0], y: data.positions[i][1], z: data.positions[i][2],
    bonds: data.neighbours[i], bondOrder: data.neighbours[i].map(() => 1),
  })));
  for (const elem of Object.keys(data.colours)) {
    const color = data.colours[elem];
    viewer.setStyle({ elem: elem }, { sphere: { radius: data.radii[elem], color: color }, stick: { radius: 0.1, color: color } });
  }
  const point = (u, v, w) => {
    const [a, b, c] = data.cell;
    return { x: u * a[0] + v * b[0] + w * c[0], y: u * a[1] + v * b[1] + w * c[1], z: u * a[2] + v * b[2] + w * c[2] };
  };
  const edge = (from, to) => viewer.addCylinder(
    { start: from, end: to, radius: 0.05, color: "#8a929c", fromCap: 1, toCap: 1 });
  for (const [i, j] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
    edge(point(0, i, j), point(1, i, j));
    edge(point(i, 0, j), point(i, 1, j));
    edge(point(i, j, 0), point(i, j, 1));
  }
  const label = { fontSize: 14, fontColor: "#ffffff", backgroundColor: "#4b535d", backgroundOpacity: 0.85, inFront: true };
  const [a, b, c] = data.axes || ["a", "b", "c"];
  [[a, point(1.03, 0, 0)], [b, point(0, 1.03, 0)], [c, point(0, 0, 1.03)]]
    .forEach(([text, position]) => viewer.addLabel(text, Object.assign({ position: position }, label)));

  // 3Dmol's zoomTo fits a sphere about the atoms; here the cell stands amid, with all atoms inside the frame.
  const middle = point(0.5, 0.5, 0.5);
  const fit = () => {
    const corners = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => point(i & 1, (i >> 1) & 1, (i >> 2) & 1));
    const atoms = data.positions.map(([x, y, z]) => ({ x: x, y: y, z: z }));
    const [amid, ...seen] = viewer.modelToScreen([middle].concat(corners, atoms));
    const reach = (key) => 2 * Math.max(...seen.map((p) => Math.abs(p[key] - amid[key])));
    const factor = 0.86 * Math.min(box.clientWidth / reach("x"), box.clientHeight / reach("y"));
    if (isFinite(factor) && factor > 0) viewer.zoom(factor);
    viewer.render();
  };
  const show = (name) => {
    viewer.zoomTo();
    viewer.setView([-middle.x, -middle.y, -middle.z, viewer.getView()[3]].concat(data.views[name]));
    viewer.render();
    fit();
  };
  let spinning = false;
  const spin = (on) => { spinning = on; viewer.spin(on ? "y" : false, 0.4); };
  document.getElementById("cell-buttons").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.view) { spin(false); show(button.dataset.view); }
    if (button.dataset.zoom) viewer.zoom(Number(button.dataset.zoom), 150);
    if (button.dataset.spin) { spin(!spinning); button.setAttribute("aria-pressed", String(spinning)); }
  });
  show("start");
  document.documentElement.classList.add("has-viewer");
  window.addEventListener("resize", () => viewer.resize());
  window.paddlewheel = { viewer: viewer, data: data };  // for scripts that draw more into it
})();
