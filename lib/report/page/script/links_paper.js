/* What is linked to or printed is open. */

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
