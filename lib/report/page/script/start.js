/* The last file of the page: from here all starts. */

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
