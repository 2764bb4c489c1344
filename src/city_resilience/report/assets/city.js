// The page of a city: only the reader's language changes.
function drawAll() {
  drawLanguage();
}

wirePage(drawAll, () => remember({}));
wireLinks();
recalled();
drawAll();
