// Filters the index. Everything is shown without it: it only hides.
(function () {
  var bar = document.getElementById('filter'), said = document.getElementById('count');
  var text = bar.elements.text, verdict = bar.elements.verdict, target = bar.elements.target;
  var entries = document.querySelectorAll('.entry');
  function apply() {
    var words = text.value.toLowerCase().split(/\s+/), shown = 0, all = 0;
    entries.forEach(function (e) {
      var d = e.dataset, ok = (!verdict.value || d.verdict.split(' ').indexOf(verdict.value) >= 0) &&
        (!target.value || d.target === target.value) &&
        words.every(function (w) { return d.text.indexOf(w) >= 0; });
      e.hidden = !ok;
      if (e.closest('.models')) { all += 1; shown += ok ? 1 : 0; }
    });
    document.querySelectorAll('.models [data-column]').forEach(function (c) {
      c.classList.toggle('away', !!target.value && c.dataset.column !== target.value);
    });
    document.querySelectorAll('.models tbody tr').forEach(function (r) {
      r.hidden = !r.querySelector('.entry:not([hidden])');
    });
    said.textContent = shown === all ? '' : shown + ' of ' + all + ' shown';
  }
  bar.addEventListener('input', apply);
  bar.addEventListener('submit', function (e) { e.preventDefault(); });
  bar.addEventListener('reset', function () { setTimeout(apply); });
  bar.hidden = false;
  apply();
})();
