// A path that is cut where there is no room for it is told whole to whoever points at it.

addEventListener("pointerover", event => {
  const path = event.target.closest?.(".path");
  if (path && !path.title && [path, ...path.children].some(part => part.scrollWidth > part.clientWidth)) path.title = path.textContent;
}, { passive: true });
