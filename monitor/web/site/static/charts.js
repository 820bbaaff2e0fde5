"use strict";
// A closer look at a chart: uPlot is loaded when somebody asks for it. Without a script the bars and their list remain.

const files = document.currentScript.dataset;
let plotting = null;

function loaded() {
  plotting ??= new Promise((done, failed) => {
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: files.style });
    const script = Object.assign(document.createElement("script"), { src: files.plot, onload: done, onerror: failed });
    document.head.append(style, script);
  });
  return plotting;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function optionsOf(figure, width) {
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line") }, ticks: { stroke: colour("--line") } };
  const whole = { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000] };
  const days = "days" in figure.dataset;
  const parts = days ? { timeZone: "UTC" } : { hour: "2-digit", minute: "2-digit" };
  const words = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", ...parts });
  return {
    width,
    height: 320,
    // A day is one of UTC; hours are shown in the reader's zone.
    tzDate: (seconds) => (days ? uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC") : new Date(seconds * 1e3)),
    axes: [{ ...axis, space: 110, values: (_, at) => at.map((one) => words.format(new Date(one * 1e3))) }, { ...axis, ...whole }],
    scales: { y: { range: (_, low, high) => [0, Math.max(1, high)] } },
    series: [
      { label: days ? "Day" : "Hour", value: days ? "{YYYY}-{MM}-{DD}" : "{YYYY}-{MM}-{DD} {HH}:{mm}" },
      { label: figure.dataset.title, fill: colour("--link"), paths: uPlot.paths.bars({ size: [0.8, 60] }), points: { show: false } },
    ],
  };
}

async function lookCloser(figure) {
  const dialog = document.getElementById("chart");
  const place = dialog.querySelector(".plot");
  dialog.querySelector("h2").textContent = figure.dataset.title;
  await loaded();
  dialog.showModal();
  const points = JSON.parse(figure.dataset.points);
  place.replaceChildren();
  const plot = new uPlot(optionsOf(figure, place.clientWidth), [points.map(([at]) => at), points.map(([, number]) => number)], place);
  dialog.addEventListener("close", () => plot.destroy(), { once: true });
}

function offer(root) {
  for (const figure of root.querySelectorAll("figure.bars:not(.offered)")) {
    figure.classList.add("offered");
    if (JSON.parse(figure.dataset.points).length < 3) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Look closer";
    button.setAttribute("aria-label", `Look closer: ${figure.dataset.title}`);
    button.addEventListener("click", () => lookCloser(figure));
    figure.querySelector("figcaption").append(" ", button);
  }
}

document.addEventListener("htmx:afterSettle", () => offer(document));
offer(document);
