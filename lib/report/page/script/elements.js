/* Finding and making elements. Text from documents goes through textContent and the canvas alone. */

var root = document.documentElement;

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
