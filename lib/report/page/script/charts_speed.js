/* Charts of a run: how fast. */

function ratiosChart(view) {
  var rows = chosen(view).filter(function (row) { return row.b && isNumber(row.b[0]); }).map(function (row) {
    return { n: nameOf(view, row), b: row.b, colour: colour(row.s) };
  }).sort(function (a, b) { return b.b[0] - a.b[0]; });
  return nothing(rows) ? null : forest(rows, { title: "of the fastest, " + where(view) });
}

function threadsChart(view) {
  var mode = view.mode === "single" ? view.speed : view.mode;
  var of = shown(view).filter(function (row) { return (row.m === mode || row.m === "single") && row.o[0] > 0; });
  if (nothing(of)) {
    return null;
  }
  var least = Math.min.apply(null, of.map(function (row) { return row.t; }));
  var best = Math.max.apply(null, of.map(function (row) { return row.t === least ? row.o[0] : 0; }));
  var sets = view.data.strategies.map(function (name, s) {
    return lineOf(view, s, of.filter(function (row) { return row.s === s; }).map(function (row) {
      return { x: row.t, y: row.o[0], low: row.o[1], high: row.o[2], o: row.o };
    }));
  }).filter(function (set) { return set.data.length > 0; });
  sets.push({
    label: "ideal", data: view.all.map(function (t) { return { x: t, y: best * t / least }; }),
    borderColor: css("--dim"), backgroundColor: css("--dim"), borderDash: [5, 5], borderWidth: 1.2, pointRadius: 0,
    showLine: true
  });
  var ticks = view.all;
  var far = ticks[ticks.length - 1] / ticks[0] > 8;
  return config("scatter", { datasets: sets }, {
    x: axis("threads" + (mode === "single" ? "" : ", " + mode), {
      type: far ? "logarithmic" : "linear",
      min: ticks[0] * (far ? 0.9 : 1) - (far ? 0 : 0.2),
      max: ticks[ticks.length - 1] * (far ? 1.1 : 1) + (far ? 0 : 0.2),
      afterBuildTicks: function (scale) { scale.ticks = ticks.map(function (t) { return { value: t }; }); },
      ticks: { autoSkip: false, callback: function (value) { return String(value); } }
    }),
    y: amounts(of.map(function (row) { return row.o[0]; }), "op/s", count)
  }, {
    title: function (items) { return items[0].raw.x + (items[0].raw.x === 1 ? " thread" : " threads"); },
    label: function (item) {
      return item.dataset.label + ": " + count(item.raw.y) + " op/s" + (item.raw.o ? interval(item.raw.o, count) : "");
    }
  });
}

function samplesChart(view) {
  var of = view.data.samples.filter(function (each) { return each.t === view.threads && !view.hidden[each.s]; });
  var rates = [];
  var last = 0;
  if (nothing(of)) {
    return null;
  }
  var sets = of.map(function (each) {
    var points = [], fills = [], marks = [];
    for (var i = 0; i < each.p.length; i += 4) {
      points.push({ x: each.p[i], y: each.p[i + 2], round: each.p[i + 1], flags: each.p[i + 3] });
      fills.push(each.p[i + 3] & 2 ? css("--card") : colour(each.s));
      marks.push(each.p[i + 3] & 4 ? "crossRot" : MARKS[each.s % 4]);
      rates.push(each.p[i + 2]);
      last = Math.max(last, each.p[i]);
    }
    return {
      label: view.data.strategies[each.s], data: points, pointBackgroundColor: fills, pointStyle: marks,
      pointBorderColor: colour(each.s), borderColor: colour(each.s), pointBorderWidth: 1.3,
      pointRadius: points.length > 100 ? 2 : 3.2
    };
  });
  return config("scatter", { datasets: sets }, {
    x: linear("sample of the run, " + view.threads + (view.threads === 1 ? " thread" : " threads"), String,
      { min: 0, max: last * 1.01, ticks: { includeBounds: false } }),
    y: amounts(rates, "op/s", count)
  }, {
    title: function (items) { return "sample " + items[0].raw.x + ", round " + items[0].raw.round; },
    label: function (item) {
      var flags = item.raw.flags;
      return item.dataset.label + ": " + count(item.raw.y) + " op/s" + (flags & 1 ? ", near" : flags & 2 ? ", far" : "") +
        (flags & 4 ? ", rejected" : "");
    }
  });
}

function peersChart(view) {
  var rows = view.data.pairs.filter(function (pair) { return isNumber(pair.b[0]); }).map(function (pair) {
    var decided = isNumber(pair.b[1]) && (pair.b[1] > 1 || pair.b[2] < 1);
    return { n: pair.n, b: pair.b, colour: !decided ? css("--dim") : colour(pair.b[0] > 1 ? 2 : 1), hollow: !decided };
  });
  return nothing(rows) ? null : forest(rows, { title: "ours / peer", log: true, least: 0.7, most: 1.4 });
}
