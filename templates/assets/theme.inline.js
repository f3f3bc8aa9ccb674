{
  // Before the first paint, so that nothing flashes.
  const root = document.documentElement;
  root.classList.add("js");
  try {
    for (const key of ["theme", "tint"]) {
      const value = localStorage.getItem("glossary." + key);
      if (value) root.dataset[key] = value;
    }
  } catch {
    // Storage may be forbidden; the page then follows the system.
  }
}
