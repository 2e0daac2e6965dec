/* What the page can do beyond being read: themes, tables that sort, strategies that hide, and charts by Chart.js,
   each drawn when it comes into view. Text from documents goes through textContent and the canvas alone. */
(function () {
  "use strict";

  var root = document.documentElement;
  var MARKS = ["circle", "triangle", "rect", "rectRot", "star"];
  var DASHES = [[], [7, 4], [2, 3]];
  var COLOURS = 7;
  var STEPS_A_DECADE = 8; /* of latencies: html_run_data.c */

  function all(selector, within) {
    return Array.prototype.slice.call((within || document).querySelectorAll(selector));
  }

  function make(name, within, text) {
    var element = document.createElement(name);
    if (text !== undefined) {
      element.textContent = text;
    }
    if (within) {
      within.appendChild(element);
    }
    return element;
  }

  function isNumber(value) {
    return typeof value === "number" && isFinite(value);
  }

  /* ---- numbers as the tables have them ---- */

  function digits(value) {
    var size = Math.abs(value);
    return String(size >= 100 ? Math.round(value) : parseFloat(value.toPrecision(3)));
  }

  function scaled(value, units) {
    if (!isNumber(value)) {
      return "–";
    }
    var unit = units[0];
    for (var i = 1; i < units.length; i++) {
      if (Math.abs(value) >= units[i][0] * 0.9995) {
        unit = units[i];
      }
    }
    return digits(value / unit[0]) + (unit[1] ? " " + unit[1] : "");
  }

  function count(value) {
    return scaled(value, [[1, ""], [1e3, "k"], [1e6, "M"], [1e9, "G"], [1e12, "T"]]);
  }

  function duration(ns) {
    return scaled(ns, [[1, "ns"], [1e3, "µs"], [1e6, "ms"], [1e9, "s"], [6e10, "min"], [3.6e12, "h"]]);
  }

  function ratio(value) {
    return isNumber(value) ? parseFloat(value.toPrecision(3)) + "×" : "–";
  }

  function interval(row, format) {
    return isNumber(row[1]) && isNumber(row[2]) ? ", 95 % " + format(row[1]) + " to " + format(row[2]) : "";
  }

  /* ---- themes ---- */

  var theme = {
    names: ["auto", "dark", "light"],
    now: "auto",
    set: function (name) {
      theme.now = theme.names.indexOf(name) < 0 ? "auto" : name;
      if (theme.now === "auto") {
        root.removeAttribute("data-theme");
      } else {
        root.setAttribute("data-theme", theme.now);
      }
    },
    remembered: function () {
      try {
        return localStorage.getItem("threadmill-theme");
      } catch (refused) {
        return null;
      }
    },
    remember: function () {
      try {
        localStorage.setItem("threadmill-theme", theme.now);
      } catch (refused) {
        return;
      }
    }
  };

  function css(name) {
    return getComputedStyle(root).getPropertyValue(name).trim();
  }

  function colour(index) {
    return css("--c" + (index % COLOURS));
  }

  function startThemes() {
    var button = document.getElementById("theme");
    theme.set(theme.remembered());
    button.hidden = false;
    button.textContent = "theme: " + theme.now;
    button.addEventListener("click", function () {
      theme.set(theme.names[(theme.names.indexOf(theme.now) + 1) % theme.names.length]);
      theme.remember();
      button.textContent = "theme: " + theme.now;
      redrawAll();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
  }

  /* ---- tables ---- */

  function keyOf(row, column) {
    var cell = row.cells[column];
    var number = parseFloat(cell.getAttribute("data-v"));
    return isNumber(number) ? number : cell.textContent;
  }

  function compare(a, b) {
    if (typeof a === typeof b) {
      return typeof a === "number" ? a - b : a.localeCompare(b, undefined, { numeric: true });
    }
    return typeof a === "number" ? -1 : 1;
  }

  function sort(table, head, column) {
    var body = table.tBodies[0];
    var first = head.classList.contains("n") ? "descending" : "ascending";
    var now = head.getAttribute("aria-sort");
    var direction = now === null ? first : now === "ascending" ? "descending" : "ascending";
    var rows = all("tr", body).map(function (row, index) {
      return { row: row, key: keyOf(row, column), index: index };
    });
    var sign = direction === "ascending" ? 1 : -1;
    rows.sort(function (a, b) {
      return typeof a.key !== typeof b.key ? compare(a.key, b.key) : sign * compare(a.key, b.key) || a.index - b.index;
    });
    all("th", table.tHead).forEach(function (other) {
      other.removeAttribute("aria-sort");
    });
    head.setAttribute("aria-sort", direction);
    rows.forEach(function (each) {
      body.appendChild(each.row);
    });
  }

  function startTables() {
    all("table.sortable").forEach(function (table) {
      all("th", table.tHead).forEach(function (head, column) {
        if (head.textContent === "") {
          return;
        }
        head.setAttribute("data-sorts", "");
        head.tabIndex = 0;
        head.addEventListener("click", function () {
          sort(table, head, column);
        });
        head.addEventListener("keydown", function (event) {
          if (event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            sort(table, head, column);
          }
        });
      });
    });
  }

  /* ---- what is drawn, and which of it ---- */

  var views = {};

  function unique(list) {
    return list.filter(function (value, index) {
      return list.indexOf(value) === index;
    });
  }

  function rounds(rows) {
    return rows.reduce(function (sum, row) {
      return sum + (row.o[3] || 0);
    }, 0);
  }

  function modesAt(view) {
    return unique(view.data.rows.filter(function (row) {
      return row.t === view.threads;
    }).map(function (row) {
      return row.m;
    }));
  }

  /* The mode that has most to say. */
  function bestMode(view) {
    return modesAt(view).sort(function (a, b) {
      function of(mode) {
        return rounds(view.data.rows.filter(function (row) {
          return row.t === view.threads && row.m === mode;
        }));
      }
      return of(b) - of(a);
    })[0];
  }

  /* No axis has room for a number that says nothing: it is left out, and counted. */
  function read(text) {
    var left = 0;
    var data = JSON.parse(text, function (key, value) {
      var size = typeof value === "number" ? Math.abs(value) : 1;
      if (size < 1e30 && (size > 1e-30 || size === 0)) {
        return value;
      }
      left++;
      return null;
    });
    return { data: data, left: left };
  }

  function viewOf(id) {
    var block = views[id] ? null : document.querySelector('script.data[data-for="' + id + '"]');
    if (block) {
      var parsed = read(block.textContent);
      var view = { data: parsed.data, left: parsed.left, hidden: {}, id: id };
      if (view.data.kind === "run") {
        view.all = unique(view.data.rows.map(function (row) { return row.t; })).sort(function (a, b) { return a - b; });
        view.threads = view.all.filter(function (t) { return t <= view.data.cpus; }).pop() || view.all[0];
        view.mode = bestMode(view);
        view.speed = view.mode;
      } else if (view.data.kind === "compare") {
        view.metrics = unique(view.data.rows.map(function (row) { return row.k; }));
        view.metric = view.metrics[0];
        view.row = null;
      }
      views[id] = view;
    }
    return views[id];
  }

  function shown(view) {
    return view.data.rows.filter(function (row) {
      return !view.hidden[row.s];
    });
  }

  function chosen(view) {
    return shown(view).filter(function (row) {
      return row.t === view.threads && row.m === view.mode;
    });
  }

  /* Of these the ones that have something; where none has in this mode, those of another. */
  function having(view, is) {
    var of = chosen(view).filter(is);
    return of.length > 0 ? of : unique(modesAt(view)).reduce(function (found, mode) {
      return found.length > 0 ? found : shown(view).filter(function (row) {
        return row.t === view.threads && row.m === mode && is(row);
      });
    }, []);
  }

  function nameOf(view, row) {
    return view.data.strategies[row.s];
  }

  function where(view, rows) {
    var mode = rows ? rows[0].m : view.mode;
    return view.threads + (view.threads === 1 ? " thread" : " threads") + (mode === "single" ? "" : ", " + mode);
  }

  /* ---- parts of charts ---- */

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

  function merge(into, from) {
    Object.keys(from).forEach(function (key) {
      var deep = from[key] && typeof from[key] === "object" && !Array.isArray(from[key]) && into[key] &&
        typeof into[key] === "object";
      into[key] = deep ? merge(into[key], from[key]) : from[key];
    });
    return into;
  }

  function axis(title, more) {
    return merge({
      title: { display: !!title, text: title, color: css("--dim"), font: { size: 11 } },
      grid: { color: css("--line"), drawTicks: false },
      border: { color: css("--line") },
      ticks: { color: css("--dim"), font: { size: 11 }, padding: 5, maxRotation: 0, autoSkipPadding: 12 }
    }, more || {});
  }

  /* Powers of ten, and halves between them where there are few. */
  function decades(scale) {
    var low = Math.max(-40, Math.floor(Math.log10(scale.min)));
    var high = Math.min(40, Math.ceil(Math.log10(scale.max)));
    var steps = high - low <= 2 ? [1, 2, 5] : high - low <= 4 ? [1, 3] : [1];
    var stride = Math.ceil((high - low) / 8) || 1;
    var ticks = [];
    for (var k = low; k <= high; k += stride) {
      steps.forEach(function (step) {
        var value = step * Math.pow(10, k);
        if (value >= scale.min * 0.999 && value <= scale.max * 1.001) {
          ticks.push({ value: value });
        }
      });
    }
    scale.ticks = ticks;
  }

  /* Ratios, closer together around 1. */
  function ratioTicks(scale) {
    var marks = [1];
    for (var k = 0; k < 12; k++) {
      [2, 5, 10].forEach(function (step) {
        marks.push(step * Math.pow(10, k), 1 / (step * Math.pow(10, k)));
      });
    }
    if (scale.max / scale.min < 3) {
      marks.push(0.6, 0.7, 0.8, 0.9, 1.1, 1.2, 1.3, 1.5, 1.75);
    }
    scale.ticks = marks.filter(function (mark) {
      return mark >= scale.min && mark <= scale.max;
    }).sort(function (a, b) { return a - b; }).map(function (mark) { return { value: mark }; });
  }

  function logarithmic(title, format, more) {
    return axis(title, merge({
      type: "logarithmic",
      afterBuildTicks: decades,
      ticks: { callback: function (value) { return format(value); } }
    }, more || {}));
  }

  function linear(title, format, more) {
    return axis(title, merge({
      type: "linear",
      ticks: { callback: function (value) { return format(value); } }
    }, more || {}));
  }

  /* From nought where values are alike, else by powers of ten. */
  function amounts(values, title, format, more) {
    var good = values.filter(function (value) { return isNumber(value) && value > 0; });
    var low = Math.min.apply(null, good);
    var high = Math.max.apply(null, good);
    return good.length > 0 && high / low > 30
      ? logarithmic(title, format, merge({ min: low * 0.8, max: high * 1.25 }, more || {}))
      : linear(title, format, merge({ beginAtZero: true }, more || {}));
  }

  function names(more) {
    return axis("", merge({
      type: "category",
      grid: { display: false },
      ticks: {
        autoSkip: false,
        color: css("--ink"),
        callback: function (value) {
          var name = this.getLabelForValue(value);
          var most = this.chart.width < 420 ? 18 : 40;
          return name.length > most ? name.slice(0, most - 1) + "…" : name;
        }
      }
    }, more || {}));
  }

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

  /* ---- charts ---- */

  var charts = {
    ratios: function (view) {
      var rows = chosen(view).filter(function (row) { return row.b && isNumber(row.b[0]); }).map(function (row) {
        return { n: nameOf(view, row), b: row.b, colour: colour(row.s) };
      }).sort(function (a, b) { return b.b[0] - a.b[0]; });
      return nothing(rows) ? null : forest(rows, { title: "of the fastest, " + where(view) });
    },

    threads: function (view) {
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
    },

    latency: function (view) {
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
    },

    age: function (view) {
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
    },

    fairness: function (view) {
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
    },

    samples: function (view) {
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
    },

    peers: function (view) {
      var rows = view.data.pairs.filter(function (pair) { return isNumber(pair.b[0]); }).map(function (pair) {
        var decided = isNumber(pair.b[1]) && (pair.b[1] > 1 || pair.b[2] < 1);
        return { n: pair.n, b: pair.b, colour: !decided ? css("--dim") : colour(pair.b[0] > 1 ? 2 : 1), hollow: !decided };
      });
      return nothing(rows) ? null : forest(rows, { title: "ours / peer", log: true, least: 0.7, most: 1.4 });
    },

    changes: function (view) {
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
    },

    rounds: function (view) {
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
  };

  /* ---- drawing ---- */

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

  /* ---- controls ---- */

  function choice(box, label, values, now, change) {
    if (values.length < 2) {
      return;
    }
    var select = make("select", make("label", box, label));
    values.forEach(function (value) {
      var option = make("option", select, String(value));
      option.value = String(value);
      option.selected = value === now;
    });
    select.addEventListener("change", function () {
      change(values[select.selectedIndex]);
    });
  }

  function picture(s) {
    var space = "http://www.w3.org/2000/svg";
    var svg = document.createElementNS(space, "svg");
    var path = document.createElementNS(space, "path");
    svg.setAttribute("width", "22");
    svg.setAttribute("height", "10");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", "M1 5H21");
    path.setAttribute("stroke", "var(--c" + (s % COLOURS) + ")");
    path.setAttribute("stroke-width", "3");
    path.setAttribute("stroke-dasharray", DASHES[Math.floor(s / COLOURS) % DASHES.length].join(" "));
    svg.appendChild(path);
    return svg;
  }

  function applyHidden(view) {
    var hidden = {};
    view.data.strategies.forEach(function (name, s) {
      hidden[name] = view.hidden[s];
    });
    all("tr[data-s]", document.getElementById(view.id)).forEach(function (row) {
      row.classList.toggle("away", !!hidden[row.getAttribute("data-s")]);
    });
    all(".legend button", document.getElementById(view.id)).forEach(function (button, s) {
      button.setAttribute("aria-pressed", view.hidden[s] ? "false" : "true");
    });
    redraw(view);
  }

  function legend(box, view) {
    var list = make("div", box);
    list.className = "legend";
    view.data.strategies.forEach(function (name, s) {
      var button = make("button", list);
      button.type = "button";
      button.title = "click: hide or show; with shift: only this one, or all again";
      button.setAttribute("aria-pressed", "true");
      button.appendChild(picture(s));
      make("span", button, name);
      button.addEventListener("click", function (event) {
        if (event.shiftKey) {
          var alone = view.data.strategies.every(function (other, o) { return o === s || view.hidden[o]; });
          view.data.strategies.forEach(function (other, o) { view.hidden[o] = !alone && o !== s; });
        } else {
          view.hidden[s] = !view.hidden[s];
        }
        applyHidden(view);
      });
    });
  }

  function controls(box) {
    var view = viewOf(box.getAttribute("data-of"));
    box.textContent = "";
    if (view.data.kind === "run") {
      choice(box, "threads", view.all, view.threads, function (threads) {
        view.threads = threads;
        view.mode = modesAt(view).indexOf(view.speed) < 0 ? bestMode(view) : view.speed;
        controls(box);
        redraw(view);
      });
      choice(box, "machine's speed", modesAt(view), view.mode, function (mode) {
        view.mode = mode;
        view.speed = mode === "single" ? view.speed : mode;
        redraw(view);
      });
      legend(box, view);
      applyHidden(view);
    } else {
      choice(box, "metric", view.metrics, view.metric, function (metric) {
        view.metric = metric;
        redraw(view);
      });
    }
  }

  function startCharts() {
    var seen = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (entry.isIntersecting) {
          seen.unobserve(entry.target);
          if (entry.target.classList.contains("controls")) {
            controls(entry.target);
          } else if (!entry.target.hasAttribute("data-drawn")) {
            draw(entry.target);
          }
        }
      });
    }, { rootMargin: "400px" });
    all(".controls, figure.chart").forEach(function (each) {
      seen.observe(each);
    });
  }

  /* ---- links and paper ---- */

  function openTarget() {
    var target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (var at = target; at; at = at.parentElement) {
      if (at.tagName === "DETAILS") {
        at.open = true;
      }
    }
  }

  function startPaper() {
    var closed = [];
    addEventListener("beforeprint", function () {
      closed = all("details:not([open])");
      closed.forEach(function (each) { each.open = true; });
      root.setAttribute("data-theme", "light");
      if (window.Chart) {
        all("figure.chart").forEach(draw);
      }
    });
    addEventListener("afterprint", function () {
      closed.forEach(function (each) { each.open = false; });
      theme.set(theme.now);
      redrawAll();
    });
  }

  startThemes();
  startTables();
  openTarget();
  addEventListener("hashchange", openTarget);
  startPaper();
  if (window.Chart) {
    root.classList.remove("plain");
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    startCharts();
  }
})();
