// A slider over the measured λ of a study: what belongs to one λ carries data-at. Without this script the smallest λ
// stays lit, and every sentence stands in the list below the figures. A link to a closed box opens it.
"use strict";
(() => {
  const players = new Map();

  const player = (box) => {
    const [range, button] = box.querySelectorAll(".controls input");
    const moment = box.querySelector(".moment");
    const place = box.querySelector(".controls output");
    const stops = [...box.querySelectorAll(".moments li")];
    const drawn = [...box.querySelectorAll("svg [data-at]")];
    const labels = stops.map((stop) => stop.dataset.at);

    const show = (index) => {
      const stop = stops[index];
      for (const part of drawn) part.classList.toggle("on", part.dataset.at === stop.dataset.at);
      moment.replaceChildren(...stop.cloneNode(true).childNodes);
      range.value = index;
      place.value = `λ = ${stop.dataset.at}`;
      const said = box.classList.contains("veiled") ? place.value : moment.textContent;
      range.setAttribute("aria-valuetext", said.replace(/\s+/g, " ").trim());
    };

    range.addEventListener("input", () => {
      show(+range.value);
      history.replaceState(null, "", `#play/${box.dataset.study}/${labels[range.value]}`);
    });
    button.addEventListener("click", () => {
      const veiled = box.classList.toggle("veiled");
      [button.value, button.dataset.other] = [button.dataset.other, button.value];
      box.querySelector(".prompt").hidden = !veiled;
      show(veiled ? Math.floor((stops.length - 1) / 2) : +range.value);
      range.focus();
    });
    show(+range.value);
    box.querySelector(".controls").hidden = false;
    const find = (label) => labels.findIndex((known) => label && +known === +label);
    return { box, show: (label) => find(label) >= 0 && show(find(label)) };
  };

  const reveal = (place) => {
    for (let parent = place; parent; parent = parent.parentElement) if (parent.matches("details")) parent.open = true;
    place.scrollIntoView();
  };

  const follow = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target?.closest("details")) reveal(target);
    const [, study, label] = location.hash.match(/^#play\/([a-z0-9-]+)\/?([0-9.e-]*)$/) ?? [];
    const found = players.get(study);
    if (!found) return;
    found.show(label);
    reveal(found.box);
  };

  for (const box of document.querySelectorAll(".player")) players.set(box.dataset.study, player(box));
  addEventListener("hashchange", follow);
  follow();
})();
