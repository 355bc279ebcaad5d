// Counts an SMS while it is typed, as translations/sms.py does; a test holds the two together. The server's own count follows and
// says the rest. Alphabets, the longest values of {names}, the price and the words stand in the page, so that each is in one place.
const place = document.querySelector("[data-count]");
const { cheap, double, longest, price, words, wide: dear, narrow } = JSON.parse(place.dataset.count);
const single = new Set(cheap), twice = new Set(double);
const WHOLE = /\n|(?:[\u{1F1E6}-\u{1F1FF}]{2}|.)(?:[\p{M}\u200d\u{1F3FB}-\u{1F3FF}]|(?<=\u200d).)*/gsu;

const prepared = (text) =>
  text.replace(/\r\n?|[\v\f\x85]/g, "\n").replace(/\t/g, " ").replace(/(?!\n)\p{Cc}|\p{Cs}/gu, "").normalize("NFC");

function parts(units, alone, series) {
  if (units.reduce((sum, unit) => sum + unit, 0) <= alone) return units.length ? 1 : 0;
  let count = 1, room = series;
  for (const unit of units) {
    if (unit > room) { count += 1; room = series; }
    room -= unit;
  }
  return count;
}

const plain = (name) => name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

function measured(typed) {
  const filled = (name, key) => longest[key] ?? longest[plain(key)] ?? name;
  const text = prepared(typed.trim()).replace(/\{ *([\p{L}\p{N}_]+) *\}/gu, filled), signs = [...text];
  const wide = signs.some((sign) => !single.has(sign) && !twice.has(sign));
  const units = wide ? (text.match(WHOLE) || []).map((whole) => whole.length) : signs.map((sign) => (twice.has(sign) ? 2 : 1));
  const signsCounted = units.reduce((sum, unit) => sum + unit, 0);
  return { wide, signs: signsCounted, parts: wide ? parts(units, 70, 67) : parts(units, 160, 153) };
}

place.addEventListener("input", () => {
  const [text, ...options] = [...place.querySelectorAll("textarea, input")].map((field) => field.value.trim());
  const said = [text, ...options.filter(Boolean).map((option, at) => `${at + 1} ${option}`)].join(" ");
  const size = measured(said), line = document.getElementById("live");
  const told = { parts: size.parts, signs: size.signs, price: size.parts * price };
  line.textContent = `${words.replace(/\{(\w+)\}/g, (_, name) => told[name])} ${size.wide ? dear : narrow}`;
  Object.assign(line.dataset, { parts: size.parts, signs: size.signs, wide: size.wide });
});
