/* What is drawn, and which of it: the data of each document, and what of them is chosen. */

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
