// Figures to zoom in, drawn by plotly.js over what stands in the page; without scripts the still figures remain.
(function () {
  "use strict";
  const source = document.getElementById("plots-data");
  if (!source || typeof Plotly === "undefined") return;
  const plots = JSON.parse(source.textContent);
  const root = document.documentElement;
  // Colours of the still figures have a light and a dark variant, as CSS variables.
  const themed = (colour) => getComputedStyle(root).getPropertyValue("--fig-" + colour.slice(1)).trim() || colour;

  function draw() {
    const ink = getComputedStyle(document.body).color;
    const line = "rgba(128,128,128,0.28)";
    for (const plot of plots) {
      const box = document.getElementById(plot.id);
      if (!box) continue;
      box.hidden = false;
      const axis = (given) => Object.assign({
        gridcolor: line, linecolor: line, zerolinecolor: line, ticks: "outside", tickcolor: line, automargin: true,
        exponentformat: "power", hoverformat: ".6~g", nticks: box.clientWidth >= 500 ? 0 : given.type === "log" ? 3 : 4,
      }, given);
      const traces = plot.traces.map((one) => {
        const colour = themed(one.colour);
        return Object.assign({}, one, {
          type: "scatter", line: Object.assign({ color: colour, width: 1.4 }, one.line),
          marker: Object.assign({ color: colour, size: 6 }, one.marker),
        });
      });
      const layout = Object.assign({
        font: { color: ink, family: "inherit", size: 12 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
        margin: { l: 60, r: 16, t: 34, b: 48 }, hovermode: "closest", dragmode: "zoom",
        legend: { orientation: "h", y: -0.25, groupclick: "togglegroup" },
        modebar: { bgcolor: "rgba(0,0,0,0)", color: "rgba(128,128,128,0.7)", activecolor: ink }, title: { text: plot.title, font: { size: 13 } },
      }, plot.layout || {});
      for (const name of Object.keys(plot.axes)) layout[name] = axis(plot.axes[name]);
      Plotly.react(box, traces, layout, {
        responsive: true, displaylogo: false, modeBarButtonsToRemove: ["toImage", "select2d", "lasso2d"],
      });
    }
  }
  draw();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
