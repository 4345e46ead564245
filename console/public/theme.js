// Before the first paint, so that nobody who reads in the dark is blinded for a moment. The choice is kept by this browser alone.
(function () {
  var root = document.documentElement;
  var kept = {};
  try {
    kept = JSON.parse(localStorage.getItem('soma.look') || '{}');
  } catch {
    kept = {};
  }
  var dark = kept.theme === 'dark' || (kept.theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  root.dataset.theme = dark ? 'dark' : 'light';
  if (kept.contrast === 'high') root.dataset.contrast = 'high';
  if (kept.lang) root.lang = kept.lang;
})();
