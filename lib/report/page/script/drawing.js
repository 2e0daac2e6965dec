/* Every chart there is, and drawing it anew. */

var charts = {
  ratios: ratiosChart,
  threads: threadsChart,
  latency: latencyChart,
  age: ageChart,
  fairness: fairnessChart,
  samples: samplesChart,
  peers: peersChart,
  changes: changesChart,
  rounds: roundsChart
};
var drawn = new Map();

function draw(figure) {
  var plot = figure.querySelector(".plot");
  var none = plot.querySelector(".none");
  var canvas = plot.querySelector("canvas");
  var before = drawn.get(figure);
  if (before) {
    before.destroy();
    drawn.delete(figure);
  }
  var made = charts[figure.getAttribute("data-chart")](viewOf(figure.getAttribute("data-of")));
  canvas.hidden = !made;
  if (none) {
    none.remove();
  }
  if (!made) {
    make("div", plot, "nothing to show at this choice").className = "none";
    figure.setAttribute("data-drawn", "none");
    return;
  }
  if (viewOf(figure.getAttribute("data-of")).left > 0 && !figure.querySelector(".left")) {
    make("p", figure, "Numbers too large or too small for any axis are not drawn.").className = "hint left";
  }
  plot.style.minHeight = made.rows ? Math.max(9, Math.min(110, made.rows * (made.rows > 12 ? 1.1 : 1.35) + 4.5)) + "rem" : "";
  drawn.set(figure, new Chart(canvas, { type: made.type, data: made.data, options: made.options, plugins: made.plugins }));
  figure.setAttribute("data-drawn", "chart");
}

function redraw(view) {
  all('figure.chart[data-of="' + view.id + '"][data-drawn]').forEach(draw);
}

function redrawAll() {
  all("figure.chart[data-drawn]").forEach(draw);
}
