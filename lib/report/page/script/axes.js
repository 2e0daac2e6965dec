/* Axes, and the ticks on them. */

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
