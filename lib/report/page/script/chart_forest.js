/* A chart of ratios, each with its interval. */

/* Names on the left, a bar from low to high and a point at the median of each. */
function forest(rows, options) {
  var labels = rows.map(function (row) { return row.n; });
  var values = [];
  rows.forEach(function (row) {
    values = values.concat(row.b.slice(0, 3).filter(function (value) { return isNumber(value) && value > 0; }));
  });
  var low = Math.min.apply(null, values.concat(options.least || 1));
  var high = Math.max.apply(null, values.concat(options.most || 1));
  var wide = options.log || low < 0.2;
  var scale = wide
    ? logarithmic(options.title, ratio, { min: low * 0.93, max: high * 1.07, afterBuildTicks: ratioTicks })
    : linear(options.title, ratio, { min: 0, max: high * 1.05 });
  var made = config("bar", {
    labels: labels,
    datasets: [{
      type: "bar",
      data: rows.map(function (row) { return isNumber(row.b[1]) && isNumber(row.b[2]) ? [row.b[1], row.b[2]] : null; }),
      backgroundColor: rows.map(function (row) { return row.colour; }),
      barThickness: 4,
      minBarLength: 2,
      order: 2
    }, {
      type: "line",
      showLine: false,
      data: rows.map(function (row) { return isNumber(row.b[0]) && (row.b[0] > 0 || !wide) ? row.b[0] : null; }),
      backgroundColor: rows.map(function (row) { return row.hollow ? css("--card") : row.colour; }),
      borderColor: rows.map(function (row) { return row.colour; }),
      borderWidth: 2,
      pointRadius: 4.5,
      pointHoverRadius: 6,
      order: 1
    }]
  }, { x: scale, y: names() }, {
    title: function (items) { return rows[items[0].dataIndex].n; },
    label: function (item) {
      var row = rows[item.dataIndex];
      return ratio(row.b[0]) + interval(row.b, ratio) + ", " + row.b[3] + " rounds" + (row.v ? ", " + row.v : "");
    }
  }, {
    indexAxis: "y",
    interaction: { mode: "nearest", axis: "y", intersect: false },
    onClick: options.click,
    plugins: { guides: { axis: "x", line: 1, band: options.band } }
  });
  made.rows = rows.length;
  return made;
}
