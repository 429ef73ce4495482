"use strict";
(() => {
  const PAGE = 50;
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => Array.from(within.querySelectorAll(selector));

  // What cannot be seen is shown by its number, as everywhere on the page.
  const HIDDEN = /[\p{Cc}\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
  const seen = (text) => text.replace(HIDDEN, (letter) => "<U+" + letter.codePointAt(0).toString(16).toUpperCase().padStart(4, "0") + ">");

  const cell = (text, className, code) => {
    const td = document.createElement("td");
    if (className) td.className = className;
    const at = code ? td.appendChild(document.createElement("code")) : td;
    at.textContent = seen(text);
    return td;
  };

  const findings = $$("article[data-finding]").map((article) => {
    const number = article.dataset.finding;
    const data = document.getElementById("m" + number);
    const { campaign, rows } = data ? JSON.parse(data.textContent) : { campaign: "", rows: [] };
    const words = rows.map((row) => row.join("\u0000").toLowerCase());
    const text = $$("h2, pre, td, p, dd", article).filter((at) => !at.closest(".members")).map((at) => at.textContent).join("\n").toLowerCase();
    return { article, number, campaign, rows, words, text, link: $("tr[data-finding='" + number + "']"), shown: rows, page: 0 };
  });

  const draw = (finding) => {
    const body = $(".members tbody", finding.article);
    if (!body) return;
    const pages = Math.max(1, Math.ceil(finding.shown.length / PAGE));
    finding.page = Math.min(Math.max(0, finding.page), pages - 1);
    const from = finding.page * PAGE;
    body.replaceChildren(...finding.shown.slice(from, from + PAGE).map((row) => {
      const tr = document.createElement("tr");
      tr.className = row[1];
      const kinds = ["", "", "n", "", "n", "", "", ""];
      tr.append(...row.map((text, place) => cell(text, kinds[place], place === 0)));
      return tr;
    }));
    const tools = $(".pages", finding.article);
    const button = (label, name, step) => {
      const made = document.createElement("button");
      made.type = "button";
      made.textContent = label;
      made.setAttribute("aria-label", name);
      made.disabled = finding.page + step < 0 || finding.page + step >= pages;
      made.addEventListener("click", () => { finding.page += step; draw(finding); });
      return made;
    };
    const where = document.createElement("span");
    const last = Math.min(from + PAGE, finding.shown.length);
    const number = (value) => value.toLocaleString("en-US");
    where.textContent = finding.shown.length ? number(from + 1) + "–" + number(last) + " of " + number(finding.shown.length) : "none fits the search";
    tools.replaceChildren(...(pages > 1 ? [button("‹", "earlier members", -1), where, button("›", "later members", 1)] : [where]));
  };

  const box = $("#search");
  const search = (text) => {
    const wanted = text.trim().toLowerCase();
    let hits = 0;
    let accounts = 0;
    for (const finding of findings) {
      const own = wanted === "" || finding.text.includes(wanted);
      const fit = wanted === "" ? finding.rows : finding.rows.filter((_, place) => finding.words[place].includes(wanted));
      const shown = own || fit.length > 0;
      finding.shown = fit.length > 0 ? fit : finding.rows;
      finding.page = 0;
      finding.article.hidden = !shown;
      if (finding.link) finding.link.hidden = !shown;
      if (shown) hits += 1;
      accounts += wanted === "" ? 0 : fit.length;
      draw(finding);
    }
    $("#hits").textContent = wanted === "" ? "" : hits + (hits === 1 ? " finding, " : " findings, ") + accounts + (accounts === 1 ? " account" : " accounts");
  };
  box.addEventListener("input", () => search(box.value));

  // A search can be sent to a colleague: the page's address with #q=...
  const fromAddress = () => {
    if (!location.hash.startsWith("#q=")) return;
    try { box.value = decodeURIComponent(location.hash.slice(3)); } catch { return; }
    search(box.value);
  };
  addEventListener("hashchange", fromAddress);

  const copy = async (text, button) => {
    const was = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = was; }, 1500);
  };

  // A cell that a spreadsheet would take for a formula gets an apostrophe.
  const quoted = (text) => '"' + (/^[=+\-@\t\r]/.test(text) ? "'" : "") + text.replaceAll('"', '""') + '"';
  const HEAD = ["campaign", "account", "role", "bits", "since", "share_of_own_traffic", "for", "against", "smallest_removal"];
  const csv = (finding) => {
    const number = (text) => text.replace("−", "-").replace("+", "");
    const line = (row) => [quoted(finding.campaign), quoted(row[0]), quoted(row[1]), number(row[2]), ...row.slice(3).map(quoted)].join(",");
    return [HEAD.join(","), ...finding.shown.map(line)].join("\r\n") + "\r\n";
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.copy !== undefined) copy(button.dataset.copy, button);
    if (button.classList.contains("csv")) {
      const finding = findings.find((one) => one.number === button.dataset.finding);
      if (finding) copy(csv(finding), button);
    }
  });

  let here = -1;
  const go = (step) => {
    const visible = findings.filter((finding) => !finding.article.hidden);
    if (visible.length === 0) return;
    here = Math.min(Math.max(0, here + step), visible.length - 1);
    findings.forEach((finding) => finding.article.classList.toggle("here", finding === visible[here]));
    visible[here].article.focus({ preventScroll: true });
    visible[here].article.scrollIntoView();
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === box) {
      if (event.key === "Escape") { box.value = ""; search(""); box.blur(); }
      return;
    }
    if (event.key === "/") { event.preventDefault(); box.focus(); box.select(); }
    if (event.key === "j") go(1);
    if (event.key === "k") go(-1);
  });

  // Which account a row of the raster is.
  for (const section of $$("section.when")) {
    const data = $("script.rows", section);
    const raster = $(".raster", section);
    const readout = $(".readout", section);
    const rows = JSON.parse(data.textContent);
    const bands = $$(".band", raster).map((band) => ({ top: +band.getAttribute("y"), height: +band.getAttribute("height") }));
    const tall = +raster.getAttribute("viewBox").split(" ")[3];
    raster.addEventListener("mousemove", (event) => {
      const frame = raster.getBoundingClientRect();
      const y = ((event.clientY - frame.top) / frame.height) * tall;
      let before = 0;
      readout.textContent = "";
      for (const band of bands) {
        if (y >= band.top && y < band.top + band.height) {
          const row = rows[before + Math.floor((y - band.top) / 4)];
          if (row) readout.textContent = seen(row[0]) + " (" + row[1] + ")";
        }
        before += Math.round(band.height / 4);
      }
    });
    raster.addEventListener("mouseleave", () => { readout.textContent = ""; });
  }

  findings.forEach(draw);
  fromAddress();
})();
