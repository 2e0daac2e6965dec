/* Numbers as the tables have them. */

function isNumber(value) {
  return typeof value === "number" && isFinite(value);
}

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
