// The call of a pretended phone: once its holder has answered it here, what each step says plays through, once. Nothing else plays by
// itself. While a step stays the same its place on the page is left alone, so that sound, typed keys and a recording go on.
const ANSWERED = "simulator.answered", PLAYED = "simulator.played";
let playing = null;

document.addEventListener("submit", (event) => {
  const call = event.target.closest("[data-call]");
  if (call && event.target.querySelector("input[name=act][value=answer]")) sessionStorage.setItem(ANSWERED, call.dataset.call);
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const here = event.target.querySelector("[data-step]");
  if (!here) return;
  const next = new DOMParser().parseFromString(event.detail.serverResponse, "text/html").querySelector("[data-step]");
  if (next && next.dataset.step === here.dataset.step) event.detail.shouldSwap = false;
  else if (!next && playing && !playing.paused && here.contains(playing)) event.detail.shouldSwap = false; // the last words, to their end
  else if (playing && here.contains(playing)) playing.pause();
});

function listen() {
  const call = document.querySelector(`[data-call="${CSS.escape(sessionStorage.getItem(ANSWERED) || "-")}"]`);
  if (!call || sessionStorage.getItem(PLAYED) === call.dataset.step) return;
  const sounds = [...call.querySelectorAll("figure.sound audio")];
  if (!sounds.length) return;
  sessionStorage.setItem(PLAYED, call.dataset.step);
  const play = (place) => {
    if (place >= sounds.length) return;
    playing = sounds[place];
    playing.addEventListener("ended", () => play(place + 1), { once: true });
    playing.play().catch(() => {}); // a browser that wants a click first still shows the players
  };
  play(0);
}

listen();
document.addEventListener("htmx:afterSwap", listen);
