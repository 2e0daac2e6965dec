/* What charts are put together from. */

var MARKS = ["circle", "triangle", "rect", "rectRot", "star"];
var DASHES = [[], [7, 4], [2, 3]];

/* Lines and bands of reference, and the intervals of points. */
var guides = {
  id: "guides",
  beforeDatasetsDraw: function (chart, args, options) {
    var area = chart.chartArea;
    var pen = chart.ctx;
    var scale = chart.scales[options.axis || "x"];
    var across = (options.axis || "x") === "x";
    pen.save();
    if (options.band) {
      var from = scale.getPixelForValue(options.band[0]);
      var to = scale.getPixelForValue(options.band[1]);
      pen.fillStyle = css("--soft");
      if (across) {
        pen.fillRect(from, area.top, to - from, area.bottom - area.top);
      } else {
        pen.fillRect(area.left, to, area.right - area.left, from - to);
      }
    }
    if (isNumber(options.line)) {
      var at = scale.getPixelForValue(options.line);
      pen.strokeStyle = css("--dim");
      pen.setLineDash([4, 3]);
      pen.beginPath();
      pen.moveTo(across ? at : area.left, across ? area.top : at);
      pen.lineTo(across ? at : area.right, across ? area.bottom : at);
      pen.stroke();
    }
    pen.restore();
  },
  afterDatasetsDraw: function (chart) {
    var pen = chart.ctx;
    pen.save();
    pen.lineWidth = 1.3;
    chart.data.datasets.forEach(function (set) {
      (set.data || []).forEach(function (point) {
        if (point && isNumber(point.low) && isNumber(point.high)) {
          var x = chart.scales.x.getPixelForValue(point.x);
          pen.strokeStyle = set.borderColor;
          pen.beginPath();
          pen.moveTo(x, chart.scales.y.getPixelForValue(point.low));
          pen.lineTo(x, chart.scales.y.getPixelForValue(point.high));
          pen.stroke();
        }
      });
    });
    pen.restore();
  }
};

function config(type, data, scales, label, more) {
  return {
    type: type,
    data: data,
    plugins: [guides],
    options: merge({
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      normalized: true,
      layout: { padding: { right: 14, top: 4 } },
      interaction: { mode: "nearest", intersect: false },
      scales: scales,
      plugins: {
        legend: { display: false, labels: { color: css("--ink"), boxWidth: 14, font: { size: 11 } } },
        guides: {},
        tooltip: { callbacks: label, displayColors: false, bodyFont: { size: 12 }, titleFont: { size: 12 } }
      }
    }, more || {})
  };
}

function lineOf(view, s, data) {
  return {
    label: view.data.strategies[s],
    data: data,
    borderColor: colour(s),
    backgroundColor: colour(s),
    borderDash: DASHES[Math.floor(s / COLOURS) % DASHES.length],
    borderWidth: 1.8,
    pointStyle: MARKS[s % MARKS.length],
    pointRadius: 3,
    pointHoverRadius: 5,
    showLine: true,
    tension: 0
  };
}

function nothing(list) {
  return list.length === 0;
}
