// Surfaces of phases, drawn into the viewer of viewer.js; the boxes of the legend show and hide each.
(function () {
  "use strict";
  if (!window.paddlewheel) return;
  const viewer = window.paddlewheel.viewer;
  const { surfaces, cell } = window.paddlewheel.data;
  const edges = [0, 1, 2].map((axis) => cell[axis][axis] / 65535);

  const numbers = (text) => new Uint16Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const mesh = (surface) => {
    const places = numbers(surface.vertices), faces = numbers(surface.faces);
    const vertices = [], normals = new Float32Array(places.length);
    for (let i = 0; i < places.length; i += 3) {
      vertices.push({ x: places[i] * edges[0], y: places[i + 1] * edges[1], z: places[i + 2] * edges[2] });
    }
    for (let i = 0; i < faces.length; i += 3) {  // the sum over its triangles, by their areas, is a vertex's normal
      const [p, q, r] = [vertices[faces[i]], vertices[faces[i + 1]], vertices[faces[i + 2]]];
      const [ux, uy, uz] = [q.x - p.x, q.y - p.y, q.z - p.z], [vx, vy, vz] = [r.x - p.x, r.y - p.y, r.z - p.z];
      for (const corner of [faces[i], faces[i + 1], faces[i + 2]]) {
        normals[3 * corner] += uy * vz - uz * vy;
        normals[3 * corner + 1] += uz * vx - ux * vz;
        normals[3 * corner + 2] += ux * vy - uy * vx;
      }
    }
    return {
      vertexArr: vertices,
      normalArr: vertices.map((_, i) => {
        const [x, y, z] = normals.subarray(3 * i, 3 * i + 3), size = Math.hypot(x, y, z) || 1;
        return { x: x / size, y: y / size, z: z / size };
      }),
      faceArr: Array.from(faces),
    };
  };

  const shown = surfaces.map(() => null);
  const set = (index, on) => {
    if (on && !shown[index]) {
      shown[index] = viewer.addCustom(Object.assign(mesh(surfaces[index]), { color: surfaces[index].colour }));
    } else if (!on && shown[index]) {
      viewer.removeShape(shown[index]);
      shown[index] = null;
    }
  };
  for (const box of document.querySelectorAll("input[data-mesh]")) {
    set(Number(box.dataset.mesh), box.checked);
    box.addEventListener("change", () => { set(Number(box.dataset.mesh), box.checked); viewer.render(); });
  }
  viewer.render();
})();
