/* Charts of a run: who waits, and how long. */

var STEPS_A_DECADE = 8; /* of latencies: html_run_data.c */

function latencyChart(view) {
  var of = having(view, function (row) { return row.l; });
  if (nothing(of)) {
    return null;
  }
  var sets = of.map(function (row) {
    var points = row.l.slice(2).map(function (ns, k) {
      return { x: Math.pow(10, k / STEPS_A_DECADE), y: Math.max(ns, 1) };
    });
    points.push({ x: Math.max(row.l[0], 1), y: Math.max(row.l[1], 1), most: true }); /* as on an axis from 1 ns */
    var set = lineOf(view, row.s, points);
    set.pointRadius = 0;
    set.pointHitRadius = 8;
    return set;
  });
  function percent(rarity) {
    var p = 100 - 100 / rarity;
    return "p" + parseFloat(p.toFixed(Math.max(1, Math.ceil(Math.log10(rarity)) - 1)));
  }
  return config("scatter", { datasets: sets }, {
    x: axis("percentile, " + where(view, of), {
      type: "logarithmic",
      min: 1,
      afterBuildTicks: function (scale) {
        scale.ticks = [1, 2];
        for (var value = 10; value <= scale.max; value *= 10) {
          scale.ticks.push(value);
        }
        scale.ticks = scale.ticks.map(function (each) { return { value: each }; });
      },
      ticks: { callback: function (value) { return percent(value); } }
    }),
    y: logarithmic("latency", duration)
  }, {
    title: function (items) { return items[0].raw.most ? "the longest" : percent(items[0].raw.x); },
    label: function (item) { return item.dataset.label + ": " + duration(item.raw.y); }
  });
}

function ageChart(view) {
  var of = having(view, function (row) { return row.a; });
  if (nothing(of)) {
    return null;
  }
  function bars(label, from, fill) {
    return {
      label: label, backgroundColor: fill, minBarLength: 5, barPercentage: 0.9, categoryPercentage: 0.7,
      data: of.map(function (row) {
        var low = Math.max(row.a[from], 1), high = Math.max(row.a[from + 1], 1);
        return isNumber(row.a[from]) && isNumber(row.a[from + 1]) ? [low, Math.max(high, low * 1.0001)] : null;
      })
    };
  }
  var made = config("bar", {
    labels: of.map(function (row) { return nameOf(view, row); }),
    datasets: [bars("the read took", 0, colour(0)), bars("its answer was old", 2, colour(1))]
  }, { x: logarithmic("p50 to p99, " + where(view, of), duration), y: names() }, {
    label: function (item) {
      var a = of[item.dataIndex].a;
      var at = item.datasetIndex * 2;
      return item.dataset.label + ": p50 " + duration(a[at]) + ", p99 " + duration(a[at + 1]);
    }
  }, { indexAxis: "y", interaction: { mode: "index", axis: "y", intersect: false }, plugins: { legend: { display: true } } });
  made.rows = of.length * 1.4 + 1;
  return made;
}

function fairnessChart(view) {
  var of = having(view, function (row) { return isNumber(row.j[0]); });
  if (nothing(of)) {
    return null;
  }
  var made = config("bar", {
    labels: of.map(function (row) { return nameOf(view, row); }),
    datasets: ["whole window", "within short slices"].map(function (label, which) {
      return {
        label: label, backgroundColor: which === 0 ? colour(0) : colour(5), barPercentage: 0.9, categoryPercentage: 0.7,
        data: of.map(function (row) { return row.j[which]; })
      };
    })
  }, {
    x: linear("Jain's index, " + where(view, of), function (value) { return String(parseFloat(value.toFixed(2))); },
      { min: 0, max: 1 }),
    y: names()
  }, {
    label: function (item) { return item.dataset.label + ": " + (isNumber(item.raw) ? item.raw.toFixed(3) : "–"); }
  }, {
    indexAxis: "y",
    interaction: { mode: "index", axis: "y", intersect: false },
    plugins: { legend: { display: true }, guides: { axis: "x", line: 1 / view.threads } }
  });
  made.rows = of.length * 1.4 + 1;
  return made;
}
