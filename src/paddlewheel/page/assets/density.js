// An iso-surface of a periodic density and translucent polyhedra, drawn into the viewer of viewer.js.
(function () {
  "use strict";
  const slider = document.getElementById("iso-level");
  const told = document.getElementById("iso-told");
  if (!window.paddlewheel || !slider) return;
  const viewer = window.paddlewheel.viewer;
  const { density, polyhedra } = window.paddlewheel.data;
  const [na, nb, nc] = density.shape;
  const cell = window.paddlewheel.data.cell;

  // 0 to 255 stand for the square root of the density, so that low levels keep their steps
  const bytes = Uint8Array.from(atob(density.bytes), (c) => c.charCodeAt(0));
  const values = Float32Array.from(bytes, (b) => density.maximum * (b / 255) * (b / 255));
  const at = (i, j, k) => values[(((i + na) % na) * nb + ((j + nb) % nb)) * nc + ((k + nc) % nc)];

  const cartesian = (u, v, w) => ({
    x: u * cell[0][0] + v * cell[1][0] + w * cell[2][0],
    y: u * cell[0][1] + v * cell[1][1] + w * cell[2][1],
    z: u * cell[0][2] + v * cell[1][2] + w * cell[2][2],
  });
  // Gradients are covariant: inverse of the cell applied to the derivative by fractional coordinates.
  const [A, B, C] = cell;
  const cross = (p, q) => [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
  const [ra, rb, rc] = [cross(B, C), cross(C, A), cross(A, B)];
  const outward = (i, j, k) => {
    const da = (at(i - 1, j, k) - at(i + 1, j, k)) * na;
    const db = (at(i, j - 1, k) - at(i, j + 1, k)) * nb;
    const dc = (at(i, j, k - 1) - at(i, j, k + 1)) * nc;
    return [0, 1, 2].map((x) => da * ra[x] + db * rb[x] + dc * rc[x]);
  };

  // Marching tetrahedra: each voxel in six of them around its diagonal; a face is cut where the density is the level.
  const CORNERS = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]];
  const TETRAHEDRA = [[0, 5, 1, 6], [0, 1, 2, 6], [0, 2, 3, 6], [0, 3, 7, 6], [0, 7, 4, 6], [0, 4, 5, 6]];
  const turned = (v, n, i) => {  // corners in the order that has the normal point out
    const [p, q, r] = [v[i], v[i + 1], v[i + 2]];
    const face = cross([q.x - p.x, q.y - p.y, q.z - p.z], [r.x - p.x, r.y - p.y, r.z - p.z]);
    return face[0] * n[i].x + face[1] * n[i].y + face[2] * n[i].z < 0 ? [i, i + 2, i + 1] : [i, i + 1, i + 2];
  };
  const surface = (level) => {
    const parts = [];
    let vertices = [], normals = [];
    const cut = (i, j, k, p, q) => {
      const [a, b] = [CORNERS[p], CORNERS[q]];
      const from = [i + a[0], j + a[1], k + a[2]], to = [i + b[0], j + b[1], k + b[2]];
      const low = at(...from), high = at(...to);
      const t = (level - low) / (high - low);
      const g = outward(...from), h = outward(...to);
      const n = g.map((x, axis) => x + t * (h[axis] - x));
      const size = Math.hypot(...n) || 1;
      vertices.push(cartesian((from[0] + t * (to[0] - from[0])) / na, (from[1] + t * (to[1] - from[1])) / nb,
        (from[2] + t * (to[2] - from[2])) / nc));
      normals.push({ x: n[0] / size, y: n[1] / size, z: n[2] / size });
    };
    for (let i = 0; i < na; i++) for (let j = 0; j < nb; j++) for (let k = 0; k < nc; k++) {
      const inside = CORNERS.map(([x, y, z]) => at(i + x, j + y, k + z) >= level);
      if (inside.every((x) => x === inside[0])) continue;
      for (const corners of TETRAHEDRA) {
        const high = corners.filter((c) => inside[c]), low = corners.filter((c) => !inside[c]);
        if (high.length === 1 || high.length === 3) {
          const [one, others] = high.length === 1 ? [high[0], low] : [low[0], high];
          for (const other of others) cut(i, j, k, one, other);
        } else if (high.length === 2) {
          const [p, q] = high, [r, s] = low;
          for (const [x, y] of [[p, r], [p, s], [q, s], [p, r], [q, s], [q, r]]) cut(i, j, k, x, y);
        }
      }
      if (vertices.length > 30000) {  // 3Dmol holds 65,535 vertices in a piece
        parts.push([vertices, normals]);
        [vertices, normals] = [[], []];
      }
    }
    if (vertices.length) parts.push([vertices, normals]);
    return parts.map(([v, n]) => ({
      vertexArr: v, normalArr: n,
      faceArr: v.flatMap((_, index) => (index % 3 === 0 ? turned(v, n, index) : [])),
    }));
  };

  let shown = [];
  const draw = () => {
    const level = density.low * Math.pow(density.high / density.low, Number(slider.value) / 1000);
    for (const shape of shown) viewer.removeShape(shape);
    shown = surface(level).map((mesh) => viewer.addCustom(Object.assign(mesh, { color: density.colour, opacity: 0.9 })));
    let held = 0, all = 0;
    for (const value of values) {
      all += value;
      if (value >= level) held += value;
    }
    told.textContent = level.toPrecision(2) + " Å⁻³, holds " + Math.round(100 * held / all) + " % of the ions";
    viewer.render();
  };
  for (const mesh of polyhedra) {
    const corners = mesh.vertices.map(([x, y, z]) => ({ x: x, y: y, z: z }));
    const normals = mesh.normals.map(([x, y, z]) => ({ x: x, y: y, z: z }));
    viewer.addCustom({ vertexArr: corners, normalArr: normals, faceArr: mesh.faces, color: mesh.colour, opacity: 0.75 });
  }
  let waiting = 0;
  slider.addEventListener("input", () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(draw, 60);
  });
  draw();
})();
