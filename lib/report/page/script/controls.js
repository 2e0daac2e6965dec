/* What is drawn is chosen here: threads, speed, metric, strategies. */

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
