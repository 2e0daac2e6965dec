/* By day, by night, or as the system wishes; and the colours of either, for what is drawn. */

var COLOURS = 7;

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
