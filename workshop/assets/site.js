// Search over window.COURSE_INDEX: sections that hold every word, those with it in a heading first.
(() => {
  const field = document.querySelector(".course-search input");
  const list = document.querySelector(".course-found");
  const index = window.COURSE_INDEX || [];
  if (!field || !list) return;

  const fold = (text) =>
    text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const sections = index.map((section) => ({
    ...section,
    inTitle: fold(section.lesson + " " + section.heading),
    inText: fold(section.text),
  }));

  function find(query) {
    const words = fold(query).split(/\s+/).filter(Boolean);
    if (words.length === 0) return [];
    const found = [];
    for (const section of sections) {
      let score = 0;
      for (const word of words) {
        if (section.inTitle.includes(word)) score += 10;
        const times = section.inText.split(word).length - 1;
        if (!times && !section.inTitle.includes(word)) {
          score = 0;
          break;
        }
        score += Math.min(times, 5);
      }
      if (score) found.push([score, section]);
    }
    found.sort((a, b) => b[0] - a[0]);
    return found.slice(0, 12).map(([, section]) => [section, words[0]]);
  }

  // Texts go in as text: nothing of the index becomes HTML.
  function entry([section, word]) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = section.page + (section.anchor ? "#" + section.anchor : "");
    link.textContent = section.heading;
    const lesson = document.createElement("small");
    lesson.textContent = section.lesson;
    // Not in the folded text: without accents, letters stand elsewhere.
    const place = section.text.toLowerCase().indexOf(word);
    const start = Math.max(place - 60, 0);
    const around = document.createElement("small");
    if (place >= 0) {
      const mark = document.createElement("mark");
      mark.textContent = section.text.slice(place, place + word.length);
      around.append(
        (start ? "… " : "") + section.text.slice(start, place),
        mark,
        section.text.slice(place + word.length, place + 90) + " …",
      );
    }
    item.append(link, lesson, around);
    return item;
  }

  field.addEventListener("input", () => {
    const found = find(field.value).map(entry);
    if (field.value.trim() && found.length === 0) {
      const none = document.createElement("li");
      none.textContent = "Nothing found.";
      found.push(none);
    }
    list.replaceChildren(...found);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      field.value = "";
      list.replaceChildren();
    }
  });
})();
