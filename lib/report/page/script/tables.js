/* Tables that sort, by what their cells mean. */

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
