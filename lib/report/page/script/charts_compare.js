/* Charts of a comparison. */

function changesChart(view) {
  var of = view.data.rows.filter(function (row) { return row.k === view.metric; });
  var paints = { regressed: colour(1), improved: colour(2), equivalent: colour(0) };
  var rows = of.filter(function (row) { return isNumber(row.b[0]); }).map(function (row) {
    return { n: row.n, b: row.b, v: row.v, row: row, colour: paints[row.v] || css("--dim"), hollow: !paints[row.v] };
  });
  var margin = rows.length > 0 && isNumber(rows[0].row.g) ? rows[0].row.g : 0;
  return nothing(rows) ? null : forest(rows, {
    title: view.metric + ", head / base (" + (rows[0].row.h ? "higher" : "lower") + " is better)",
    log: true, least: 0.75, most: 1.35, band: margin > 0 ? [1 / (1 + margin), 1 + margin] : null,
    click: function (event, items) {
      if (items.length > 0) {
        view.row = rows[items[0].index].row;
        redraw(view);
      }
    }
  });
}

function roundsChart(view) {
  var of = view.data.rows.filter(function (row) { return row.k === view.metric; });
  var row = of.indexOf(view.row) >= 0 ? view.row : of.filter(function (each) { return each.v === "regressed"; })[0] || of[0];
  var points = [];
  for (var i = 0; row && i < row.p.length; i += 2) {
    if (isNumber(row.p[i + 1])) {
      points.push({ x: row.p[i], y: row.p[i + 1] });
    }
  }
  if (nothing(points)) {
    return null;
  }
  return config("scatter", {
    datasets: [{ label: row.n, data: points, borderColor: colour(0), backgroundColor: colour(0), pointRadius: 3.5 }]
  }, {
    x: linear("round: " + row.n, String, {}),
    y: logarithmic(row.k + ", head / base", ratio, {
      min: Math.min.apply(null, points.map(function (p) { return p.y; }).concat(0.75)) * 0.95,
      max: Math.max.apply(null, points.map(function (p) { return p.y; }).concat(1.35)) * 1.05,
      afterBuildTicks: ratioTicks
    })
  }, {
    title: function (items) { return "round " + items[0].raw.x; },
    label: function (item) { return ratio(item.raw.y); }
  }, { plugins: { guides: { axis: "y", line: 1, band: isNumber(row.g) ? [1 / (1 + row.g), 1 + row.g] : null } } });
}
